-- The wave's applications: their NIK as a number (null: malformed), whether inside the window, and which one stands.
-- Of several under one NIK the latest inside the window stands; the others are superseded. Without one inside, none is.
CREATE OR REPLACE TABLE applications AS
WITH read AS (
    SELECT
        *,
        CASE WHEN regexp_full_match(nik, '[0-9]{16}') THEN CAST(nik AS BIGINT) END      AS number,
        CASE WHEN regexp_full_match(kk, '[0-9]{16}') THEN CAST(kk AS BIGINT) END        AS kk_number,
        coalesce(submitted_at BETWEEN $opens AND $closes, false)                        AS in_window
    FROM read_parquet({registrations})
),
several AS (
    SELECT number, arg_max(registration_id, (submitted_at, registration_id)) FILTER (in_window) AS standing
    FROM read WHERE number IS NOT NULL GROUP BY number HAVING count(*) > 1
)
SELECT
    read.*,
    coalesce(several.standing IS NOT NULL AND several.standing <> read.registration_id, false) AS superseded
FROM read LEFT JOIN several USING (number);

CREATE OR REPLACE TABLE accepted AS {accepted};

-- Everyone whom a register is asked about: applicants, and earlier recipients for the family cards' sake.
CREATE OR REPLACE TABLE wanted AS
SELECT DISTINCT number FROM applications WHERE number IS NOT NULL
UNION
SELECT number FROM accepted WHERE $with_families;
