-- In: seat_candidates, screened, photographed, {listed}, {drawn_by}, {held_if}, {placed_if}. Out: the table decided, a row an application.
-- Places to those who come first: {placed_if} is true of them. Who is held and would have got a place ({held_if}) is a
-- reviewer's to decide.
CREATE OR REPLACE TABLE held AS
SELECT registration_id, CASE WHEN refused THEN 'rejected' ELSE 'review' END AS outcome
FROM seat_candidates
WHERE held AND {held_if};

CREATE OR REPLACE TABLE decided AS
WITH accepted AS (
    SELECT registration_id, row_number() OVER (ORDER BY position) AS rank
    FROM seat_candidates
    WHERE NOT held AND {placed_if}
)
SELECT
    s.registration_id, s.nik, s.full_name, s.province_code, s.sex, s.age, s.tier,
    draw_of({drawn_by}) AS draw, d.position, a.rank, d.ticket,
    CASE
        WHEN len(s.reasons) > 0 THEN 'rejected'
        WHEN a.rank IS NOT NULL THEN 'accepted'
        WHEN h.outcome IS NOT NULL THEN h.outcome
        WHEN p.outcome IN ('rejected', 'review') THEN p.outcome
        ELSE 'reserve'
    END AS outcome,
    CASE
        WHEN len(s.reasons) > 0 THEN s.reasons
        WHEN h.outcome IS NOT NULL THEN ['shared_nik']
        ELSE coalesce(p.reasons, CAST([] AS VARCHAR[]))
    END AS reasons,
    list_concat(s.warnings, coalesce(p.warnings, CAST([] AS VARCHAR[]))) AS warnings,
    coalesce(p.reviewed, false) OR coalesce(h.outcome = 'rejected', false) AS reviewed, p.similarity,
    p.registration_id IS NOT NULL AS selfie_verified, p.decision AS selfie_decision
FROM screened s
LEFT JOIN {listed} d USING (registration_id)
LEFT JOIN accepted a USING (registration_id)
LEFT JOIN held h USING (registration_id)
LEFT JOIN photographed p USING (registration_id);
