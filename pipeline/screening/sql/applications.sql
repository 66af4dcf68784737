-- The wave's applications: their NIK as a number (null: malformed) and whether they came inside the window.
CREATE OR REPLACE TABLE applications AS
SELECT
    registration_id, submitted_at, nik, kk, full_name, birth_date, sex, province_code, email_verified, phone_verified, selfie,
    CASE WHEN regexp_full_match(nik, '[0-9]{16}') THEN CAST(nik AS BIGINT) END      AS number,
    CASE WHEN regexp_full_match(kk, '[0-9]{16}') THEN CAST(kk AS BIGINT) END        AS kk_number,
    coalesce(submitted_at BETWEEN $opens AND $closes, false)                        AS in_window
FROM read_parquet({registrations});

-- Of several under one NIK the latest inside the window stands; null where none is inside: then none is superseded.
CREATE OR REPLACE TABLE standing AS
SELECT number, arg_max(registration_id, (submitted_at, registration_id)) FILTER (in_window) AS standing
FROM applications
WHERE number IN (SELECT number FROM applications WHERE number IS NOT NULL GROUP BY number HAVING count(*) > 1)
GROUP BY number;

CREATE OR REPLACE TABLE accepted AS {accepted};

-- Everyone whom a register is asked about: applicants, and earlier recipients for the family cards' sake.
CREATE OR REPLACE VIEW wanted AS
SELECT number FROM applications WHERE number IS NOT NULL
UNION ALL
SELECT number FROM accepted WHERE {with_families};
