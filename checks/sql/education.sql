-- In: an extract of the education registers ({source}). Out: one row of metrics, from one scan.
SELECT
    count(*)                                                                                  AS rows,
    count(*) FILTER (NOT {well_formed})                                                       AS nik_malformed_count,
    count(*) FILTER (coalesce(lower(trim(status)), '') NOT IN ('active', 'graduated', 'left')) AS unknown_status_count,
    count(*) FILTER (register IS NULL OR register NOT IN ('dapodik', 'pddikti', 'emis'))       AS unknown_register_count
FROM {source}
