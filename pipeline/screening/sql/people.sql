-- In: wanted, {population} (all of the register or a part), {area}. Out: more rows in people: what it says about the wanted.
-- The extract is cut down to them in one scan of the columns that rules need. They are looked up by a plain cast, which is quick;
-- what that finds must then be a number to its last letter.
-- `key` is the NIK; compared.sql gives each of several people who share one a key of their own.
INSERT INTO people BY NAME
SELECT
    as_number(nik) AS key, nullif(as_number(kk), 0) AS kk_number, full_name,
    CAST(birth_date AS DATE) AS birth_date, sex,
    CASE WHEN citizenship = 'WNI' THEN 'WNI' ELSE upper(trim(citizenship)) END AS citizenship,  -- nearly all
    alive, occupation, photo, {area} AS area
FROM {population}
WHERE try_cast(nik AS BIGINT) IN (SELECT number FROM wanted);

DELETE FROM people WHERE key IS NULL;
