-- In: the variables all_decisions, published_cohorts, published_waves. Out: the view all_waves, one row an application.
-- Every wave's applications under a NIK that can be one, for counting people rather than applications. Once a wave is
-- published, its newest revision says who was accepted: the last screening may have taken people out or let them in.
CREATE OR REPLACE TEMP VIEW published AS
SELECT wave, as_number(nik) AS number
FROM read_parquet(getvariable('published_cohorts'), hive_partitioning = false);

CREATE OR REPLACE TEMP VIEW all_waves AS
SELECT
    wave, nik, retry,
    CASE
        WHEN wave NOT IN (SELECT unnest(getvariable('published_waves'))) THEN outcome
        WHEN (wave, as_number(nik)) IN (SELECT (wave, number) FROM published) THEN 'accepted'
        WHEN outcome = 'accepted' THEN 'rejected'
        ELSE outcome
    END AS outcome
FROM (
    SELECT wave_of(filename) AS wave, nik, outcome, retry
    FROM read_parquet(getvariable('all_decisions'), filename = true, union_by_name = true)
    WHERE regexp_full_match(nik, '\d{16}')
);
