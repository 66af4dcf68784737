-- What the registers say about the wanted, each extract cut down to them in one scan of the columns that rules need.
-- `key` is the NIK; where several people share one, compared.sql gives each a key of their own.
CREATE OR REPLACE TABLE people AS
SELECT
    as_number(e.nik) AS number, as_number(e.nik) AS key, as_number(e.kk) AS kk_number, e.full_name,
    CAST(e.birth_date AS DATE) AS birth_date, e.sex, e.citizenship, e.alive, e.occupation, e.photo
FROM read_parquet({population}, hive_partitioning = false) e
WHERE as_number(e.nik) IN (SELECT number FROM wanted);

CREATE OR REPLACE TABLE pupils AS
SELECT as_number(nik) AS number
FROM read_parquet({education}, hive_partitioning = false)
WHERE status = 'active' AND as_number(nik) IN (SELECT number FROM wanted);

CREATE OR REPLACE TABLE recipients AS
SELECT as_number(nik) AS number, upper(trim(programme)) IS NOT DISTINCT FROM 'BSU' AS bsu
FROM read_parquet({bansos}, hive_partitioning = false)
WHERE status = 'active' AND as_number(nik) IN (SELECT number FROM wanted);

CREATE OR REPLACE TABLE listed AS {priority};
CREATE OR REPLACE TABLE blacklisted AS {blacklist};

-- Province and regency (four digits) that a NIK can begin with.
CREATE OR REPLACE TABLE regions AS SELECT unnest({regions}) AS code;
