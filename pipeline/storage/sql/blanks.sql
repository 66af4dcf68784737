-- In: nothing. Out: the functions unseen, tidy, bare and without_marks: a text that strangers wrote without what is around it.
-- What is no part of a value at either end: control characters (tab, zero byte), what has no width (BOM, zero-width and
-- bidi marks), and every kind of blank (no-break, ideographic).
CREATE OR REPLACE TEMP MACRO unseen() AS '[\p{Cc}\p{Cf}\p{Z}]';

-- Nearly every text begins and ends with a letter, a figure or a bracket: one look at both ends spares it the rest.
CREATE OR REPLACE TEMP MACRO tidy(value) AS
    CASE WHEN value = '' OR ord(value) BETWEEN 33 AND 126 AND ord((value::VARCHAR)[-1]) BETWEEN 33 AND 126 THEN value
        ELSE regexp_replace(value, '(?s)^' || unseen() || '*(.*?)' || unseen() || '*$', '\1') END;

-- The same without the marks by which a spreadsheet is told "this is text": '3171…, ="3171…", and quotes that a reader left.
CREATE OR REPLACE TEMP MACRO without_marks(value) AS regexp_replace(
    value,
    replace('(?s)^ *(?:=?["“] *(.*?) *["”]|[''`´‘’ʼ′]+ *(.*?) *[''`´‘’ʼ′]*|(.*?)) *$', ' ', unseen()),
    '\1\2\3'
);
CREATE OR REPLACE TEMP MACRO bare(value) AS
    CASE WHEN value = '' OR ord(value) BETWEEN 40 AND 126 AND ord(value) NOT IN (61, 96) AND ord((value::VARCHAR)[-1]) BETWEEN 33 AND 126
        THEN value ELSE without_marks(value) END;
