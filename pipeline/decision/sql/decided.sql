-- In: standing, screened, photographed, {drawn}, $priority and $public places. Out: the table decided, one row an application.
-- Places to those who stand first in their tier; $priority and $public are the places of each.
CREATE OR REPLACE TABLE decided AS
WITH accepted AS (
    SELECT registration_id, row_number() OVER (ORDER BY position) AS rank
    FROM standing
    WHERE place <= CASE tier WHEN 'priority' THEN $priority ELSE $public END
)
SELECT
    s.registration_id, s.nik, s.full_name, s.province_code, s.sex, s.age, s.tier,
    draw_of(s.registration_id) AS draw, d.position, a.rank,
    CASE
        WHEN len(s.reasons) > 0 THEN 'rejected'
        WHEN a.rank IS NOT NULL THEN 'accepted'
        WHEN p.outcome IN ('rejected', 'review') THEN p.outcome
        ELSE 'reserve'
    END AS outcome,
    CASE WHEN len(s.reasons) > 0 THEN s.reasons ELSE coalesce(p.reasons, CAST([] AS VARCHAR[])) END AS reasons,
    list_concat(s.warnings, coalesce(p.warnings, CAST([] AS VARCHAR[]))) AS warnings,
    coalesce(p.reviewed, false) AS reviewed, p.similarity,
    p.registration_id IS NOT NULL AS selfie_verified, p.decision AS selfie_decision
FROM screened s
LEFT JOIN {drawn} d USING (registration_id)
LEFT JOIN accepted a USING (registration_id)
LEFT JOIN photographed p USING (registration_id);
