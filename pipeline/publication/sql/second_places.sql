-- In: the cohort $cohort, {later} cohorts. Out: one row a person who would hold two places.
-- People of a cohort who hold a place in a later wave. The register gives some NIKs to two people: the other's place is
-- not theirs, so a place under another name does not count. A cohort without names decides by the NIK alone.
SELECT c.registration_id, l.wave AS also_in, l.registration_id AS also_as
FROM read_parquet($cohort) c
JOIN {later} l ON as_number(l.nik) = as_number(c.nik)
    AND (c.full_name IS NULL OR l.full_name IS NULL OR same_name(l.full_name, c.full_name))
ORDER BY ALL
