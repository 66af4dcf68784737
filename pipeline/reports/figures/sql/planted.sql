-- In: the variable truth. Out: planted, one row an application of the simulator.
-- What was planted, whatever version simulated it: older truths do not say what the source faces show or whose they are.
CREATE OR REPLACE TEMP VIEW planted AS
SELECT * FROM read_parquet(getvariable('truth'))
UNION ALL BY NAME
SELECT
    CAST(NULL AS VARCHAR[]) AS selfie_shows, CAST(NULL AS VARCHAR) AS reference_group,
    CAST(NULL AS VARCHAR) AS reference_sex, CAST(NULL AS VARCHAR) AS selfie_group, CAST(NULL AS VARCHAR) AS selfie_sex
WHERE false;
