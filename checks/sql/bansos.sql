-- In: an extract of the social assistance register ({source}), $status_allowed. Out: one row of metrics, from one scan.
SELECT
    count(*)                                                                          AS rows,
    count(*) FILTER (NOT {well_formed})                                               AS nik_malformed_count,
    count(*) FILTER (coalesce(lower(trim(status)), '') NOT IN $status_allowed)        AS unknown_status_count
FROM {source}
