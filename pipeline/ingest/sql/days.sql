-- In: nothing; needs moments.sql. Out: the functions month_of and those that read a text as a day.
-- A day as strangers write it; needs moments.sql. Always day before month, as in Indonesia, and four digits of the year: a
-- century is never guessed. What cannot be read to its last letter is null.
CREATE OR REPLACE TEMP MACRO month_of(word) AS CASE
    WHEN regexp_full_match(word, 'jan(uari|uary)?') THEN 1
    WHEN regexp_full_match(word, '[fp]eb(ruari|ruary)?') THEN 2
    WHEN regexp_full_match(word, 'mar(et|ch)?|mrt') THEN 3
    WHEN regexp_full_match(word, 'apr(il)?') THEN 4
    WHEN word IN ('mei', 'may') THEN 5
    WHEN regexp_full_match(word, 'jun(i|e)?') THEN 6
    WHEN regexp_full_match(word, 'jul(i|y)?') THEN 7
    WHEN regexp_full_match(word, 'agu(stus)?|agt|agust|ags|aug(ust)?') THEN 8
    WHEN regexp_full_match(word, 'sept?(ember)?') THEN 9
    WHEN regexp_full_match(word, 'o[kc]t(ober)?') THEN 10
    WHEN regexp_full_match(word, 'no[vp](ember)?') THEN 11
    WHEN regexp_full_match(word, 'de[sc](ember)?') THEN 12
END;

-- The year is the number of four digits, the day the first of one or two: a time of the day may follow it.
CREATE OR REPLACE TEMP MACRO day_in_words(value) AS try_cast(
    regexp_extract(value, '(\d{4})', 1) || '-' || month_of(lower(regexp_extract(value, '([A-Za-z]+)', 1))) || '-'
        || regexp_extract(value, '(?:^|\D)(\d{1,2})(?:\D|$)', 1) AS DATE
);

-- Day, month and year in any order that people use, with anything or nothing between them: a month in words is no day.
CREATE OR REPLACE TEMP MACRO is_in_words(value) AS regexp_full_match(
    value,
    '(\d{1,2}[-/.,\s\x{A0}]*[A-Za-z]+[-/.,\s\x{A0}]*\d{4}|[A-Za-z]+[-/.,\s\x{A0}]+\d{1,2}[-/.,\s\x{A0}]+\d{4}'
        || '|\d{4}[-/.,\s\x{A0}]*[A-Za-z]+[-/.,\s\x{A0}]*\d{1,2})(\s+([01]?\d|2[0-3])[:.][0-5]\d([:.][0-5]\d)?)?'
);

-- An instant is the day that it falls on in western Indonesia, whose clocks were half an hour further before 1964.
CREATE OR REPLACE TEMP MACRO day_in_wib(value) AS CAST(
    ((as_written(before_zone(value)) - to_minutes(minutes_east(substr(value, length(before_zone(value)) + 1))))
        AT TIME ZONE 'UTC') AT TIME ZONE 'Asia/Jakarta' AS DATE
);

CREATE OR REPLACE TEMP MACRO read_day(value) AS CASE
    WHEN regexp_full_match(value, '\d{1,2}[-/.]\d{1,2}[-/.]\d{4}')
        THEN try_strptime(replace(replace(value, '/', '-'), '.', '-'), '%d-%m-%Y')::DATE
    WHEN is_in_words(value) THEN day_in_words(value)
    WHEN upper(trim(substr(value, length(before_zone(value)) + 1))) IN ('', 'WIB') THEN as_written(before_zone(value))::DATE
    ELSE day_in_wib(value)
END;
