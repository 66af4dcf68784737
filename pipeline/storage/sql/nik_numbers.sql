-- In: nothing. Out: the function as_number, a NIK or KK as a number.
-- A NIK or KK, delivered as text or as an integer, as a number; null where it is not sixteen digits. A plain cast would read
-- what a spreadsheet made of a NIK (3.17101150590123E+15) as the NIK of somebody else. Blanks are those that a plain cast
-- takes, for that is how registers are searched: with others (no-break space) a NIK would be well-formed and never found.
CREATE OR REPLACE TEMP MACRO without_blanks(value) AS trim(value, ' ' || chr(9) || chr(10) || chr(11) || chr(12) || chr(13));
CREATE OR REPLACE TEMP MACRO as_number(value) AS CASE
    WHEN typeof(value) = 'VARCHAR' THEN
        CASE WHEN regexp_full_match(value::VARCHAR, '[0-9]{16}') THEN value::VARCHAR::BIGINT  -- nearly all: no blanks
            WHEN regexp_full_match(without_blanks(value::VARCHAR), '[0-9]{16}')
                THEN without_blanks(value::VARCHAR)::BIGINT END
    ELSE CASE WHEN try_cast(value AS BIGINT) BETWEEN 0 AND 9999999999999999 THEN try_cast(value AS BIGINT) END
END;
