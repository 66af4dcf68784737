-- In: {tickets}. Out: ordered.parquet, everyone on the list in the order of the draw.
-- Priority first, within a tier by the draw. As in drawn.sql: an unordered row_number() counts rows as the sort below it
-- delivers them, and 120 bits of the draw decide.
SELECT row_number() OVER () AS position, * EXCLUDE (draw)
FROM (
    SELECT *, draw_of(ticket) AS draw
    FROM read_parquet({tickets})
    ORDER BY tier = 'public', CAST('0x' || substr(draw, 1, 15) AS BIGINT), CAST('0x' || substr(draw, 16, 15) AS BIGINT)
)
