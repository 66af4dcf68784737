-- In: the variables truth and decisions. Out: one row a reason of the selfie layer.
-- What was rendered against what was seen, as a reason or as a warning; photographs that the wave looked at.
-- An impostor counts as found when the comparison ended in a mismatch, whatever else was wrong with the picture.
WITH seen AS (
    SELECT
        t.selfie_planted AS planted,
        list_concat(d.reasons, d.warnings) AS seen, d.reasons, d.warnings
    FROM read_parquet(getvariable('truth')) AS t
    JOIN read_parquet(getvariable('decisions')) AS d USING (registration_id)
    WHERE d.selfie_verified
),
sets AS (SELECT planted, seen, reasons, warnings, count(*) AS n FROM seen GROUP BY ALL),
codes AS (SELECT DISTINCT unnest(list_concat(planted, seen)) AS code FROM sets)
SELECT
    code,
    coalesce(sum(n) FILTER (list_contains(planted, code) AND list_contains(seen, code)), 0)::BIGINT AS hit,
    coalesce(sum(n) FILTER (list_contains(planted, code) AND NOT list_contains(seen, code)), 0)::BIGINT AS missed,
    coalesce(sum(n) FILTER (NOT list_contains(planted, code) AND list_contains(seen, code)), 0)::BIGINT AS "false",
    coalesce(sum(n) FILTER (list_contains(reasons, code)), 0)::BIGINT AS as_reason,
    coalesce(sum(n) FILTER (list_contains(warnings, code)), 0)::BIGINT AS as_warning
FROM sets, codes
GROUP BY code
ORDER BY code;
