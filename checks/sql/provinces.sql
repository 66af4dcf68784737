-- In: {now} and {before}, two deliveries of the population register; $few. Out: one row of metrics.
-- Of all provinces the smallest size against the delivery before (0 when one is missing), and the most rows that one lost.
WITH
    here AS (SELECT province_code, count(*) AS n FROM {now} WHERE province_code IS NOT NULL GROUP BY ALL),
    there AS (SELECT province_code, count(*) AS n FROM {before} WHERE province_code IS NOT NULL GROUP BY ALL)
SELECT
    coalesce(min((coalesce(here.n, 0) + $few) / there.n), 1)             AS least_province_vs_previous,
    coalesce(max(greatest(there.n - coalesce(here.n, 0), 0)), 0)         AS province_lost_rows
FROM there LEFT JOIN here USING (province_code)
