-- In: {priority}, {blacklist}, $regions. Out: listed, blacklisted, regions; people, pupils and recipients, empty.
-- Those three are filled by the steps of their names.
CREATE OR REPLACE TABLE people (
    key BIGINT, kk_number BIGINT, full_name VARCHAR, birth_date DATE, sex VARCHAR, citizenship VARCHAR,
    alive BOOLEAN, occupation VARCHAR, photo VARCHAR, area VARCHAR
);

CREATE OR REPLACE TABLE pupils (number BIGINT);
CREATE OR REPLACE TABLE recipients (number BIGINT, bsu BOOLEAN);

CREATE OR REPLACE TABLE listed AS {priority};
CREATE OR REPLACE TABLE blacklisted AS {blacklist};

-- Province and regency (four digits) that a NIK can begin with.
CREATE OR REPLACE TABLE regions AS SELECT CAST(unnest($regions) AS BIGINT) AS code;
