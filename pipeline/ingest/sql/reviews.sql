-- In: rows, person_of, $second (two must agree), $decisions. Out: the tables said, votes and counting, one row a settled application.
-- What each reviewer last said about each application, and which of it counts. $second: two reviewers must agree.
-- A name is the same however it is written: "Ani ", "ani", with letters that look alike (person_of). Nobody's word does not count.
CREATE OR REPLACE TEMP TABLE said AS
SELECT *, person_of(reviewer) AS person
FROM rows
WHERE registration_id IS NOT NULL AND decision IN $decisions AND reviewer IS NOT NULL;

CREATE OR REPLACE TEMP TABLE votes AS
SELECT * FROM said
QUALIFY row_number() OVER (
    PARTITION BY registration_id, person ORDER BY decided_at DESC NULLS LAST, reviewer, decision, note
) = 1;

-- One reviewer: the latest decision. Two: the one that at least two hold and most hold; at a draw another is asked.
CREATE OR REPLACE TEMP TABLE latest AS
SELECT
    registration_id, decision, decided_at, note,
    CASE WHEN $second THEN array_to_string(list_sort(list(reviewer) OVER agreeing), ', ') ELSE reviewer END AS reviewer
FROM (
    SELECT *,
        count(*) OVER (PARTITION BY registration_id, decision) AS agree,
        count(*) OVER (PARTITION BY registration_id) AS everyone
    FROM votes
)
WHERE NOT $second OR (agree >= 2 AND agree > everyone - agree)
WINDOW agreeing AS (PARTITION BY registration_id, decision)
QUALIFY row_number() OVER (
    PARTITION BY registration_id ORDER BY decided_at DESC NULLS LAST, reviewer, decision, note
) = 1;

-- A word without a readable time may be the last one: where it is another than the latest, an officer is asked again.
CREATE OR REPLACE TEMP TABLE counting AS
SELECT * FROM latest
WHERE NOT EXISTS (
    SELECT 1 FROM said
    WHERE said.decided_at IS NULL AND said.registration_id = latest.registration_id AND said.decision <> latest.decision
);
