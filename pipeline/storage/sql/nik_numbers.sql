-- In: nothing. Out: the function as_number, a NIK or KK as a number.
-- A NIK or KK, delivered as text or as an integer, as a number; null where it is not sixteen digits. A plain cast would read
-- what a spreadsheet made of a NIK (3.17101150590123E+15) as the NIK of somebody else.
CREATE OR REPLACE TEMP MACRO as_number(value) AS CASE
    WHEN typeof(value) = 'VARCHAR' THEN
        CASE WHEN regexp_full_match(value::VARCHAR, '[0-9]{16}') THEN value::VARCHAR::BIGINT  -- nearly all: no blanks
            WHEN regexp_full_match(trim(value::VARCHAR), '[0-9]{16}') THEN trim(value::VARCHAR)::BIGINT END
    ELSE CASE WHEN try_cast(value AS BIGINT) BETWEEN 0 AND 9999999999999999 THEN try_cast(value AS BIGINT) END
END;
