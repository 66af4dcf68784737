-- In: an extract of the social assistance register ({source}). Out: one row of metrics, from one scan.
SELECT
    count(*)                                                                          AS rows,
    count(*) FILTER (NOT {well_formed})                                               AS nik_malformed_count,
    count(*) FILTER (coalesce(lower(trim(status)), '') NOT IN ('active', 'ended'))    AS unknown_status_count
FROM {source}
