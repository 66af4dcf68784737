-- In: the variables truth and decisions. Out: one row a reason of the screening layers.
-- Reasons of the screening layers: planted against given, by code; `shared_nik` depends on who would be placed. Sets are few, applications many.
WITH sets AS (
    SELECT t.expected, list_filter(d.reasons, lambda code: code <> 'shared_nik') AS reasons, count(*) AS n
    FROM planted AS t
    JOIN read_parquet(getvariable('decisions')) AS d USING (registration_id)
    GROUP BY ALL
),
codes AS (
    SELECT DISTINCT unnest(list_concat(expected, reasons)) AS code FROM sets
)
SELECT
    code,
    coalesce(sum(n) FILTER (list_contains(expected, code) AND list_contains(reasons, code)), 0)::BIGINT AS hit,
    coalesce(sum(n) FILTER (list_contains(expected, code) AND NOT list_contains(reasons, code)), 0)::BIGINT AS missed,
    coalesce(sum(n) FILTER (NOT list_contains(expected, code) AND list_contains(reasons, code)), 0)::BIGINT AS "false"
FROM sets, codes
GROUP BY code
ORDER BY code;
