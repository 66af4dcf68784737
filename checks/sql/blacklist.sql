-- In: an extract of the programme's blacklist ({source}). Out: one row of metrics.
SELECT count(*) AS rows, count(*) FILTER (NOT {well_formed}) AS nik_malformed_count FROM {source}
