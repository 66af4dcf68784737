-- In: {verdicts}, {reviews}, {drawn}, $verified. Out: the tables photographed and standing.
-- A decision for every application, from what screening, the draw, the selfies and the reviewers say.

-- What follows from the selfies; a reviewer settles those under review, nobody else.
CREATE OR REPLACE TABLE photographed AS
SELECT
    v.registration_id, v.decision, v.similarity, v.warnings,
    CASE WHEN v.outcome = 'review' AND r.decision = 'accept' THEN 'passed'
         WHEN v.outcome = 'review' AND r.decision = 'reject' THEN 'rejected'
         ELSE v.outcome END AS outcome,
    CASE WHEN v.outcome = 'review' AND r.decision = 'accept' THEN CAST([] AS VARCHAR[])
         WHEN v.outcome = 'review' AND r.decision = 'reject' AND len(v.reasons) = 0 THEN ['face_mismatch']
         ELSE v.reasons END AS reasons,
    v.outcome = 'review' AND r.decision IS NOT NULL AS reviewed,
    v.* EXCLUDE (registration_id, decision, similarity, warnings, outcome, reasons)
FROM {verdicts} v LEFT JOIN {reviews} r USING (registration_id);

-- Those who may hold a place, in draw order. $verified is false where a wave does without selfies.
CREATE OR REPLACE TABLE standing AS
SELECT d.registration_id, d.tier, d.position, row_number() OVER (PARTITION BY d.tier ORDER BY d.position) AS place
FROM {drawn} d LEFT JOIN photographed p USING (registration_id)
WHERE NOT $verified OR p.outcome = 'passed';
