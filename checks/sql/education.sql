-- In: an extract of the education registers ({source}), $sample, words. Out: one row of metrics, from one scan.
-- Capitals are forgiven, as the rules forgive them. Rows that repeat another whole are counted among one NIK in $sample.
SELECT
    count(*)                                                                                  AS rows,
    count(*) FILTER (NOT {well_formed})                                                       AS nik_malformed_count,
    count(*) FILTER (NOT list_contains($education_status_words, coalesce(lower(tidy(status)), ''))) AS unknown_status_count,
    count(*) FILTER (NOT list_contains($education_register_words, coalesce(lower(tidy(register)), ''))) AS unknown_register_count,
    count(*) FILTER (lower(tidy(status)) = 'active')                                          AS active_rows,
    $sample * (count(*) FILTER ({number} % $sample = 0)
        - count(DISTINCT hash({number}, register, level, status)) FILTER ({number} % $sample = 0)) AS repeated_count
FROM {source}
