-- In: nothing; needs texts.sql, moments.sql and days.sql of ingest. Out: said, spoilt, day_of, flag_of.
-- A bare cell, null where it says nothing. The words are those that the checks take for nothing, too.
CREATE OR REPLACE TEMP MACRO said(bare_value) AS
    CASE WHEN length(bare_value) > 4 OR upper(bare_value) NOT IN ('', '-', 'NULL', '\N') THEN bare_value END;

-- A long number as a spreadsheet shows it: its last digits are lost.
CREATE OR REPLACE TEMP MACRO spoilt(value) AS regexp_full_match(value, '\d([.,]\d+)?[eE]\+?\d+');

-- Most registers write a day as ISO 8601 does; that form is read without looking at the others.
CREATE OR REPLACE TEMP MACRO any_day(value) AS
    CASE WHEN length(value) = 10 AND value[5] = '-' AND value[8] = '-' THEN try_cast(value AS DATE) ELSE read_day(value) END;
CREATE OR REPLACE TEMP MACRO day_of(value) AS
    CASE WHEN isfinite(any_day(value)) AND year(any_day(value)) BETWEEN 1850 AND 2200 THEN any_day(value) END;

CREATE OR REPLACE TEMP MACRO flag_of(value) AS
    CASE WHEN means_yes(lower(value)) THEN true WHEN means_no(lower(value)) THEN false END;
