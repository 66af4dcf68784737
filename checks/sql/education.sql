-- Metrics of the education registers in one scan.
SELECT
    count(*)                                                                                  AS rows,
    count(*) FILTER (NOT {well_formed})                                                       AS nik_malformed_count,
    count(*) FILTER (coalesce(lower(trim(status)), '') NOT IN ('active', 'graduated', 'left')) AS unknown_status_count,
    count(*) FILTER (register IS NULL OR register NOT IN ('dapodik', 'pddikti', 'emis'))       AS unknown_register_count
FROM {source}
