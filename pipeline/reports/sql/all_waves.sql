-- Every wave's applications under a NIK that can be one, for counting people rather than applications.
CREATE OR REPLACE TEMP VIEW all_waves AS
SELECT regexp_extract(filename, 'wave-(\d{4})', 1)::INTEGER AS wave, nik, outcome, retry
FROM read_parquet(getvariable('all_decisions'), filename = true)
WHERE regexp_full_match(nik, '\d{16}');
