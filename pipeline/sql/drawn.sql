-- Everyone eligible in the order of the draw: priority first, within a tier by (draw, registration_id). One sort gives all:
-- an unordered row_number() counts rows as the sort below it delivers them (DuckDB keeps that order), and a place within
-- the public tier is the position less the {listed} people of the tier before it. A number made of the draw's first 60
-- bits stands before the draw itself: it decides nothing that the draw would not, and sorts a third faster.
SELECT
    position, registration_id, tier, draw, selfie, reference,
    CASE $selfie WHEN 'off' THEN false WHEN 'before_draw' THEN true
         ELSE CASE tier WHEN 'priority' THEN position <= $priority ELSE position - {listed} <= $public END
    END AS to_verify
FROM (
    SELECT row_number() OVER () AS position, *
    FROM (
        SELECT registration_id, tier, draw, selfie, reference
        FROM read_parquet({screened})
        WHERE len(reasons) = 0
        ORDER BY tier = 'public', CAST('0x' || substr(draw, 1, 15) AS BIGINT), draw, registration_id
    )
)
