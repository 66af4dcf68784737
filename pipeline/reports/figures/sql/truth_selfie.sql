-- In: the variables truth and decisions. Out: one row a reason of the selfie layer.
-- What was rendered against what was seen, as a reason or as a warning; photographs that the wave looked at.
-- An impostor counts as found when the comparison ended in a mismatch, whatever else was wrong with the picture.
-- What was seen and not planted was on the source face before (`shown`), is false, or it is not known: a defect on a
-- source without a label.
WITH seen AS (
    SELECT
        t.selfie_planted AS planted, t.selfie_shows AS shows,
        list_concat(d.reasons, d.warnings) AS seen, d.reasons, d.warnings
    FROM planted AS t
    JOIN read_parquet(getvariable('decisions')) AS d USING (registration_id)
    WHERE d.selfie_verified
),
sets AS (SELECT planted, shows, seen, reasons, warnings, count(*) AS n FROM seen GROUP BY ALL),
codes AS (SELECT DISTINCT unnest(list_concat(planted, seen)) AS code FROM sets),
opened AS (
    SELECT
        code, n,
        list_contains(planted, code) AS planted,
        list_contains(seen, code) AS seen,
        CASE
            WHEN NOT list_contains(getvariable('defects'), code) THEN false
            WHEN shows IS NOT NULL THEN list_contains(shows, code)
        END AS shown,
        list_contains(reasons, code) AS reason,
        list_contains(warnings, code) AS warning
    FROM sets, codes
)
SELECT
    code,
    coalesce(sum(n) FILTER (planted AND seen), 0)::BIGINT AS hit,
    coalesce(sum(n) FILTER (planted AND NOT seen), 0)::BIGINT AS missed,
    coalesce(sum(n) FILTER (NOT planted AND seen AND shown), 0)::BIGINT AS shown,
    coalesce(sum(n) FILTER (NOT planted AND seen AND NOT shown), 0)::BIGINT AS "false",
    coalesce(sum(n) FILTER (NOT planted AND seen AND shown IS NULL), 0)::BIGINT AS unlabelled,
    coalesce(sum(n) FILTER (reason), 0)::BIGINT AS as_reason,
    coalesce(sum(n) FILTER (warning), 0)::BIGINT AS as_warning
FROM opened
GROUP BY code
ORDER BY code;
