-- In: the path of a file in a wave's folder. Out: the function wave_of, the wave's number; $pattern is a wave's key.
CREATE OR REPLACE TEMP MACRO wave_of(path) AS
    CAST(nullif(regexp_extract(path, '/' || $pattern || '/[^/]+$', 1), '') AS INTEGER);
