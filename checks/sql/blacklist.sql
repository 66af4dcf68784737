-- Metrics of the programme's blacklist.
SELECT count(*) AS rows, count(*) FILTER (NOT {well_formed}) AS nik_malformed_count FROM {source}
