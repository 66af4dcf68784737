-- In: wanted, {population} (all of the register or a part), {area}. Out: more rows in people: what it says about the wanted.
-- As in registers.sql a plain cast finds them, and what it finds must be a number to its last letter.
-- `key` is the NIK; where several people share one, compared.sql gives each a key of their own.
INSERT INTO people BY NAME
SELECT
    as_number(nik) AS number, as_number(nik) AS key, nullif(as_number(kk), 0) AS kk_number, full_name,
    CAST(birth_date AS DATE) AS birth_date, sex, upper(trim(citizenship)) AS citizenship, alive, occupation, photo,
    {area} AS area
FROM {population}
WHERE try_cast(nik AS BIGINT) IN (SELECT number FROM wanted);

DELETE FROM people WHERE number IS NULL;
