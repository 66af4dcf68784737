-- In: the cohort $cohort, {later} cohorts. Out: one row a person who would hold two places.
-- People of a cohort who hold a place in a later wave.
SELECT c.registration_id, l.wave AS also_in, l.registration_id AS also_as
FROM read_parquet($cohort) c
JOIN {later} l ON as_number(l.nik) = as_number(c.nik)
ORDER BY ALL
