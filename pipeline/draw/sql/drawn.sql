-- In: {screened}, $selfie mode, $priority and $public places, $listed people. Out: drawn.parquet, in draw order.
-- Everyone eligible in the order of the draw: priority first, within a tier by (draw, registration_id). One sort gives all:
-- an unordered row_number() counts rows as the sort below it delivers them (DuckDB keeps that order), and a place within
-- the public tier is the position less the $listed people of the tier before it. What is sorted by is the draw's first 120
-- bits as two numbers: that no two draws agree in so many is as certain as that no two agree at all, and numbers sort
-- faster than text. The draw is not written a second time: no later task reads it here.
SELECT
    position, registration_id, tier, selfie, reference,
    CASE $selfie WHEN 'off' THEN false WHEN 'before_draw' THEN true
         ELSE CASE tier WHEN 'priority' THEN position <= $priority ELSE position - $listed <= $public END
    END AS to_verify
FROM (
    SELECT row_number() OVER () AS position, * EXCLUDE (draw)
    FROM (
        SELECT registration_id, tier, draw_of(registration_id) AS draw, selfie, reference
        FROM read_parquet({screened})
        WHERE mask = 0
        ORDER BY tier = 'public', CAST('0x' || substr(draw, 1, 15) AS BIGINT), CAST('0x' || substr(draw, 16, 15) AS BIGINT)
    )
)
