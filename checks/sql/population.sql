-- In: an extract of the population register ({source}), $asof, $sample, $…_allowed. Out: one row of metrics, from one scan.
-- Metrics of the population register in one scan. Duplicates are counted among one NIK in $sample, taken by number.
SELECT
    count(*)                                                                       AS rows,
    count(*) FILTER (NOT {well_formed})                                            AS nik_malformed_count,
    count(*) FILTER (CAST(birth_date AS DATE) > $asof)                             AS future_birth_count,
    count(*) FILTER (sex IS NULL OR sex NOT IN $sex_allowed)                       AS unknown_sex_count,
    count(*) FILTER (coalesce(upper(trim(citizenship)), '') NOT IN $citizenship_allowed)
                                                                                   AS unknown_citizenship_count,
    $sample * (count(*) FILTER ({number} % $sample = 0)
        - count(DISTINCT {number}) FILTER ({number} % $sample = 0))               AS duplicate_nik_count
FROM {source}
