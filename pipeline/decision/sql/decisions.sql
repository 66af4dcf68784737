-- In: {verdicts}, {reviews}, {drawn}, {area}, $verified. Out: the tables photographed and seat_candidates.
-- A decision for every application, from what screening, the draw, the selfies and the reviewers say.

-- Of the eligible: whose NIK the register gives to two people, and whose person has two sound applications that differ.
CREATE OR REPLACE TABLE shared AS
SELECT registration_id FROM {screened} WHERE mask = 0 AND shared_nik;

CREATE OR REPLACE TABLE contested AS
SELECT registration_id FROM {screened} WHERE mask = 0 AND contested;

-- What follows from the selfies: a contested application is not refused by a machine. A reviewer settles those under
-- review, and no others.
CREATE OR REPLACE TABLE photographed AS
SELECT
    v.registration_id, v.decision, v.similarity, v.warnings,
    CASE WHEN v.found = 'review' AND r.decision = 'accept' THEN 'passed'
         WHEN v.found = 'review' AND r.decision = 'reject' THEN 'rejected'
         ELSE v.found END AS outcome,
    CASE WHEN v.found = 'review' AND r.decision = 'accept' THEN CAST([] AS VARCHAR[])
         WHEN v.found = 'review' THEN list_concat(
            CASE WHEN v.registration_id IN (FROM shared) THEN ['shared_nik'] ELSE CAST([] AS VARCHAR[]) END,
            CASE WHEN r.decision = 'reject' AND len(v.reasons) = 0 THEN ['face_mismatch'] ELSE v.reasons END)
         ELSE v.reasons END AS reasons,
    v.found = 'review' AND r.decision IS NOT NULL AS reviewed,
    v.* EXCLUDE (registration_id, decision, similarity, warnings, outcome, reasons, found)
FROM (
    SELECT *, CASE WHEN outcome = 'rejected' AND registration_id IN (FROM contested) THEN 'review' ELSE outcome END AS found
    FROM {verdicts}
) v LEFT JOIN {reviews} r USING (registration_id);

-- Those who may hold a place, in draw order. $verified is false where a wave does without selfies. Who is `held` (the NIK
-- is shared and no reviewer has accepted) takes no place: `place` counts the others.
CREATE OR REPLACE TABLE seat_candidates AS
SELECT
    registration_id, tier, position, area, held, refused,
    count(*) FILTER (NOT held) OVER (PARTITION BY tier ORDER BY position ROWS UNBOUNDED PRECEDING) + held::INT AS place
FROM (
    SELECT
        d.registration_id, d.tier, d.position, {area} AS area,
        s.registration_id IS NOT NULL AND r.decision IS DISTINCT FROM 'accept' AS held,
        coalesce(r.decision = 'reject', false) AS refused
    FROM {drawn} d
    LEFT JOIN photographed p USING (registration_id)
    LEFT JOIN shared s USING (registration_id)
    LEFT JOIN {reviews} r USING (registration_id)
    WHERE NOT $verified OR p.outcome = 'passed'
);
