-- In: nothing. Out: the functions read_moment (text to a timestamp in WIB) and believable.
-- A moment as strangers write it, in local time (WIB): with an offset or the name of a zone it is converted, without one it
-- is WIB already. What cannot be read to its last letter is null: a zone that was dropped would be hours of difference.
CREATE OR REPLACE TEMP MACRO before_zone(value) AS
    regexp_replace(value, '^(.*[:.]\d{2}(\.\d+)?)\s*(Z|UTC|GMT|WIB|WITA|WIT|[+-](0\d|1[0-5])(:?[0-5]\d)?)$', '\1', 'i');

CREATE OR REPLACE TEMP MACRO minutes_east(zone) AS CASE upper(trim(zone))
    WHEN '' THEN 420 WHEN 'WIB' THEN 420 WHEN 'WITA' THEN 480 WHEN 'WIT' THEN 540
    WHEN 'Z' THEN 0 WHEN 'UTC' THEN 0 WHEN 'GMT' THEN 0
    ELSE CASE left(trim(zone), 1) WHEN '-' THEN -1 ELSE 1 END
        * (60 * CAST(substr(trim(zone), 2, 2) AS INTEGER)
            + CAST('0' || substr(replace(trim(zone), ':', ''), 4, 2) AS INTEGER))
END;

CREATE OR REPLACE TEMP MACRO as_written(value) AS coalesce(
    CASE WHEN regexp_full_match(value, '\d{4}[-/]\d{1,2}[-/]\d{1,2}([ T]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?)?')
        THEN try_cast(replace(value, '/', '-') AS TIMESTAMP) END,
    -- strptime takes words such as "infinity" for a moment
    CASE WHEN value SIMILAR TO '\d.*' THEN try_strptime(value, [
        '%d/%m/%Y %H.%M', '%d/%m/%Y %H.%M.%S', '%d-%m-%Y %H.%M', '%d-%m-%Y %H.%M.%S', -- as Excel writes it in Indonesia
        '%d-%m-%Y %H:%M:%S', '%d/%m/%Y %H:%M:%S', '%d/%m/%Y %H:%M', '%d-%m-%Y %H:%M', '%Y-%m-%d %I:%M:%S %p',
        '%d/%m/%Y %I:%M:%S %p', '%d-%m-%Y %I:%M:%S %p'
    ]) END
);

CREATE OR REPLACE TEMP MACRO read_moment(value) AS
    as_written(before_zone(value)) + to_minutes(420 - minutes_east(substr(value, length(before_zone(value)) + 1)));

-- A time at infinity or in another age counts as unreadable.
CREATE OR REPLACE TEMP MACRO believable(moment) AS
    CASE WHEN isfinite(moment) AND year(moment) BETWEEN 1900 AND 2200 THEN moment END;
