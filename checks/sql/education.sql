-- In: an extract of the education registers ({source}), $status_allowed, $register_allowed. Out: one row of metrics, from one scan.
SELECT
    count(*)                                                                                  AS rows,
    count(*) FILTER (NOT {well_formed})                                                       AS nik_malformed_count,
    count(*) FILTER (coalesce(lower(trim(status)), '') NOT IN $status_allowed)                AS unknown_status_count,
    count(*) FILTER (register IS NULL OR register NOT IN $register_allowed)                  AS unknown_register_count
FROM {source}
