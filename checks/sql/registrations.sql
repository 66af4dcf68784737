-- In: the ingested registrations ({source}), $opens and $closes of the wave. Out: one row of metrics.
-- Metrics of what was ingested; $opens and $closes are the wave's window.
SELECT
    count(*)                                                                        AS rows,
    avg((submitted_at IS NULL OR submitted_at NOT BETWEEN $opens AND $closes)::INT)  AS outside_wave_share,
    avg((NOT regexp_full_match(coalesce(nik, ''), '[0-9]{16}'))::INT)               AS nik_malformed_share
FROM {source}
