-- In: rows, recorded (lines of the record), $decisions, $only. Out: rows without what does not count, signatures.
-- $only: a decision that has no line in the record does not count.
-- A decision and its line agree in all that decides: who, what, on whom, when. Nobody's never counts.
CREATE OR REPLACE TEMP TABLE without_line AS
SELECT rowid AS row, reviewer IS NOT NULL AS named
FROM rows r
WHERE registration_id IS NOT NULL AND decision IN $decisions AND NOT EXISTS (
    SELECT 1 FROM recorded l
    WHERE l.registration_id = r.registration_id AND l.decision = r.decision AND l.reviewer = r.reviewer
        AND TRY_CAST(l.decided_at AS TIMESTAMP) = r.decided_at
);

CREATE OR REPLACE TEMP TABLE signatures AS
SELECT
    CASE WHEN $only THEN count(*) ELSE 0 END AS unrecorded,
    CASE WHEN $only THEN 0 ELSE count(*) FILTER (WHERE named) END AS unsigned
FROM without_line;

DELETE FROM rows WHERE $only AND rowid IN (SELECT row FROM without_line);
