-- People of a cohort who hold a place in a later wave.
SELECT c.registration_id, l.wave AS also_in, l.registration_id AS also_as
FROM read_parquet('{cohort}') c
JOIN read_parquet({later}, hive_partitioning = false) l ON TRY_CAST(l.nik AS BIGINT) = TRY_CAST(c.nik AS BIGINT)
ORDER BY ALL
