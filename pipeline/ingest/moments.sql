-- A moment as strangers write it, in local time (WIB): an offset is converted, none means WIB. What cannot be read is null.
CREATE OR REPLACE TEMP MACRO read_moment(value) AS CASE
    WHEN regexp_matches(value, ':\d{2}.*(Z|[+-]\d{2}(:?\d{2})?)$') THEN timezone('Asia/Jakarta', try_cast(value AS TIMESTAMPTZ))
    ELSE coalesce(
        try_cast(value AS TIMESTAMP),
        try_strptime(value, ['%d-%m-%Y %H:%M:%S', '%d/%m/%Y %H:%M:%S', '%d/%m/%Y %H:%M', '%d-%m-%Y %H:%M'])
    )
END;
-- A clock that stands at infinity or in another age was not read.
CREATE OR REPLACE TEMP MACRO believable(moment) AS
    CASE WHEN isfinite(moment) AND year(moment) BETWEEN 1900 AND 2200 THEN moment END;
