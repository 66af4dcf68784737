-- In: an extract of the social assistance register ({source}), $sample, words. Out: one row of metrics, from one scan.
-- The wage subsidy (BSU) has a rule of its own: under another name it would be taken for social assistance.
SELECT
    count(*)                                                                          AS rows,
    count(*) FILTER (NOT {well_formed})                                               AS nik_malformed_count,
    count(*) FILTER (NOT list_contains($bansos_status_words, coalesce(lower(tidy(status)), ''))) AS unknown_status_count,
    count(*) FILTER (lower(tidy(status)) = 'active')                                  AS active_rows,
    count(*) FILTER (NOT list_contains($bansos_programme_words, coalesce(upper(tidy(programme)), ''))) AS unknown_programme_count,
    count(*) FILTER (upper(tidy(programme)) = 'BSU')                                  AS wage,
    count(*) FILTER (upper(tidy(programme)) <> 'BSU'
        AND list_has_any(regexp_extract_all(upper(programme), '[A-Z]+'), $wage_words)) AS wage_in_other_words,
    $sample * (count(*) FILTER ({number} % $sample = 0)
        - count(DISTINCT hash({number}, programme, status)) FILTER ({number} % $sample = 0)) AS repeated_count
FROM {source}
