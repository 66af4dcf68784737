-- A NIK or KK as a number; null where it is not sixteen digits.
CREATE OR REPLACE TEMP MACRO sixteen_digits(value) AS
    CASE WHEN regexp_full_match(value, '[0-9]{16}') THEN CAST(value AS BIGINT) END;
