-- In: {line} with position, kk_number, kk_earlier, …; $limit. Out: beyond_kk.parquet, in draw order.
-- Members of a family card beyond its limit: the first in the draw keep their place in the line, and recipients
-- of earlier waves come before all. Only the cards that could be full are counted in order.
SELECT position, registration_id, tier, ticket
FROM (
    SELECT
        position, registration_id, tier, ticket,
        row_number() OVER (PARTITION BY kk_number ORDER BY position) + kk_earlier AS place
    FROM {line}
    WHERE kk_number IN (SELECT kk_number FROM {line} GROUP BY kk_number HAVING count(*) + max(kk_earlier) > $limit)
)
WHERE place > $limit
ORDER BY position
