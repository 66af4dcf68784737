-- In: nothing; needs blanks.sql. Out: as_number, a NIK or KK as a number, and sought_number, by which a register is searched.
-- A NIK or KK, delivered as text or as an integer, as a number; null where it is not sixteen digits. A plain cast would read
-- what a spreadsheet made of a NIK (3.17E+15) as the NIK of somebody else.
CREATE OR REPLACE TEMP MACRO as_number(value) AS CASE
    WHEN typeof(value) = 'VARCHAR' THEN
        CASE WHEN regexp_full_match(value::VARCHAR, '[0-9]{16}') THEN value::VARCHAR::BIGINT  -- nearly all: nothing around it
            WHEN regexp_full_match(without_marks(value::VARCHAR), '[0-9]{16}') THEN without_marks(value::VARCHAR)::BIGINT END
    ELSE CASE WHEN try_cast(value AS BIGINT) BETWEEN 0 AND 9999999999999999 THEN try_cast(value AS BIGINT) END
END;

-- A plain cast is quick, but it takes the 3.17E+15 too: what a search finds must then be a number to its last letter. Only
-- what the cast cannot read is looked at again ('3171…, a no-break space): a register has hundreds of millions of rows.
CREATE OR REPLACE TEMP MACRO sought_number(value) AS CASE
    WHEN typeof(value) = 'VARCHAR' THEN coalesce(try_cast(value AS BIGINT), as_number(value))
    ELSE try_cast(value AS BIGINT)
END;
