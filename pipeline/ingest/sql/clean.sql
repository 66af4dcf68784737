-- In: {source}, every column of the contract as text, and file; $sexes, $languages. Out: the table cleaned, one row an application.
-- One application per row, from text as strangers wrote it. What cannot be read becomes null (a flag: false) and is
-- counted; screening then says what follows from it. {source} has every column of the contract as text, and `file`;
-- moments.sql reads the moments, days.sql the days; storage/sql/blanks.sql trims.
CREATE OR REPLACE TABLE cleaned AS
WITH trimmed AS (
    SELECT
        file,
        nullif(bare(registration_id), '')                 AS given_id,
        nullif(bare(submitted_at), '')                    AS submitted_text,
        nullif(bare(nik), '')                AS nik,
        nullif(bare(kk), '')                 AS kk,
        nullif(tidy(full_name), '')                       AS full_name,
        nullif(bare(birth_date), '')                      AS birth_text,
        nullif(upper(bare(sex)), '')                      AS sex_text,
        nullif(bare(phone), '')              AS phone,
        lower(bare(phone_verified))                       AS phone_flag,
        nullif(bare(email), '')                           AS email,
        lower(bare(email_verified))                       AS email_flag,
        nullif(bare(province_code), '')      AS province_code,
        nullif(bare(selfie), '')                          AS selfie,
        lower(bare(language))                             AS language_text
    FROM {source}
),
read AS (
    SELECT
        *,
        read_moment(submitted_text) AS submitted_raw,
        read_day(birth_text) AS birth_raw
    FROM trimmed
)
SELECT
    file,
    -- an id with a line break or another control character inside would read as two in the published list, and one with
    -- an invisible character (bidi, zero width) as another id
    CASE WHEN NOT regexp_matches(given_id, '[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}]') THEN given_id END AS registration_id,
    given_id IS NOT NULL AND registration_id IS NULL    AS bad_id,
    believable(submitted_raw) AS submitted_at,
    nik,
    kk,
    full_name,
    CASE WHEN isfinite(birth_raw) AND year(birth_raw) BETWEEN 1850 AND 2200 THEN birth_raw END AS birth_date,
    CASE WHEN sex_text IN $sexes THEN sex_text END AS sex,
    phone,
    coalesce(means_yes(phone_flag), false) AS phone_verified,
    email,
    coalesce(means_yes(email_flag), false) AS email_verified,
    province_code,
    selfie,
    CASE WHEN language_text IN $languages THEN language_text END AS language,
    submitted_text IS NOT NULL AND submitted_at IS NULL AS bad_submitted_at,
    birth_text IS NOT NULL AND birth_date IS NULL       AS bad_birth_date,
    sex_text IS NOT NULL AND sex IS NULL                AS bad_sex,
    NOT (means_yes(phone_flag) OR means_no(phone_flag)) AS bad_phone_verified,
    NOT (means_yes(email_flag) OR means_no(email_flag)) AS bad_email_verified
FROM read
