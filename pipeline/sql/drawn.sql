-- Everyone eligible in the order of the draw: priority first, within a tier by (draw, registration_id).
SELECT
    row_number() OVER (ORDER BY tier, draw, registration_id)                     AS position,
    registration_id, tier, draw, selfie, reference,
    CASE $selfie WHEN 'off' THEN false WHEN 'before_draw' THEN true
         ELSE row_number() OVER (PARTITION BY tier ORDER BY draw, registration_id)
              <= CASE tier WHEN 'priority' THEN $priority ELSE $public END END    AS to_verify
FROM read_parquet({screened})
WHERE len(reasons) = 0
ORDER BY position
