-- In: an extract of the population register ({source}), $asof, $sample, {kk_well_formed}, words. Out: one row of metrics.
-- Metrics of the population register in one scan. Duplicates and the commonest birth date are counted among one NIK in
-- $sample, taken by number. What programs write for "no date" is 1970-01-01, 1900-01-01 or a day before that.
-- The number is made once a row: of a text it costs as much as all the rest.
WITH people AS (SELECT nik, kk, birth_date, sex, citizenship, alive, {number} AS number FROM {source})
SELECT
    count(*)                                                                       AS rows,
    count(*) FILTER (NOT {well_formed})                                            AS nik_malformed_count,
    count(*) FILTER (kk IS NOT NULL AND NOT {kk_well_formed})                      AS kk_malformed_count,
    count(*) FILTER (CAST(birth_date AS DATE) > $asof)                             AS future_birth_count,
    count(*) FILTER (CAST(birth_date AS DATE) <= DATE '1900-01-01' OR CAST(birth_date AS DATE) = DATE '1970-01-01')
                                                                                   AS default_birth_count,
    $sample * coalesce(list_max(map_values(histogram(CAST(birth_date AS DATE)) FILTER (number % $sample = 0))), 0)
                                                                                   AS one_birth_day_count,
    count(*) FILTER (coalesce(upper(tidy(sex)), '') NOT IN ('L', 'P'))             AS unknown_sex_count,
    count(*) FILTER (NOT list_contains($citizenship_words, coalesce(upper(tidy(citizenship)), ''))) AS unknown_citizenship_count,
    count(*) FILTER (upper(tidy(citizenship)) <> 'WNI')                            AS foreign_count,
    count(*) FILTER (NOT alive)                                                    AS dead_count,
    $sample * (count(*) FILTER (number % $sample = 0)
        - count(DISTINCT number) FILTER (number % $sample = 0))               AS duplicate_nik_count
FROM people
