-- In: {registrations}, {accepted}, $opens, $closes, $with_families. Out: applications, applicants, accepted, wanted.
-- The wave's applications and whether they came inside the window. A view: what is read again costs less than what is kept,
-- and six million applications would be a gigabyte.
CREATE OR REPLACE VIEW applications AS
SELECT
    registration_id, submitted_at, nik, kk, number, kk_number, full_name, birth_date, sex, province_code,
    email, email_verified, phone, phone_verified, selfie,
    coalesce(submitted_at BETWEEN $opens AND $closes, false)                      AS in_window
FROM read_parquet({registrations});

CREATE OR REPLACE TABLE applicants AS SELECT number FROM applications WHERE number IS NOT NULL;

CREATE OR REPLACE TABLE accepted AS {accepted};

-- Everyone whom a register is asked about: applicants, and earlier recipients for the family cards' sake.
CREATE OR REPLACE VIEW wanted AS
SELECT number FROM applicants WHERE number > 0
UNION ALL
SELECT number FROM accepted WHERE $with_families;
