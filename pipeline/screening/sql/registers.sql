-- In: wanted, {education}, {bansos}, {priority}, {blacklist}, $regions. Out: people (empty, for people.sql), pupils, recipients, listed …
-- What the registers say about the wanted, each extract cut down to them in one scan of the columns that rules need. The
-- wanted are looked up by a plain cast, which is quick; what that finds must then be a number to its last letter.
CREATE OR REPLACE TABLE people (
    number BIGINT, key BIGINT, kk_number BIGINT, full_name VARCHAR, birth_date DATE, sex VARCHAR, citizenship VARCHAR,
    alive BOOLEAN, occupation VARCHAR, photo VARCHAR, area VARCHAR
);

CREATE OR REPLACE TABLE pupils AS
SELECT as_number(nik) AS number
FROM {education}
WHERE try_cast(nik AS BIGINT) IN (SELECT number FROM wanted) AND lower(trim(status)) = 'active';

CREATE OR REPLACE TABLE recipients AS
SELECT as_number(nik) AS number, upper(trim(programme)) IS NOT DISTINCT FROM 'BSU' AS bsu
FROM {bansos}
WHERE try_cast(nik AS BIGINT) IN (SELECT number FROM wanted) AND lower(trim(status)) = 'active';

DELETE FROM pupils WHERE number IS NULL;
DELETE FROM recipients WHERE number IS NULL;

CREATE OR REPLACE TABLE listed AS {priority};
CREATE OR REPLACE TABLE blacklisted AS {blacklist};

-- Province and regency (four digits) that a NIK can begin with.
CREATE OR REPLACE TABLE regions AS SELECT unnest($regions) AS code;
