-- In: wanted, {population} (all of the register or a part), {area}. Out: more rows in people: what it says about the wanted.
-- The extract is cut down to them in one scan of the columns that rules need; what that finds must then be a number to its last
-- letter. Values are made tidy here, of the wanted alone: of the whole register it would cost as much as the search. An
-- occupation stays as it is: is_office and compared.sql look past what is around it.
-- `key` is the NIK; compared.sql gives each of several people who share one a key of their own.
INSERT INTO people BY NAME
SELECT
    as_number(nik) AS key, nullif(as_number(kk), 0) AS kk_number, full_name,
    CAST(birth_date AS DATE) AS birth_date,
    CASE WHEN sex IN ('L', 'P') THEN sex ELSE upper(tidy(sex)) END AS sex,  -- nearly all, as with citizens
    CASE WHEN citizenship = 'WNI' THEN 'WNI' ELSE upper(tidy(citizenship)) END AS citizenship,
    alive, occupation, tidy(photo) AS photo, {area} AS area
FROM {population}
WHERE sought_number(nik) IN (SELECT number FROM wanted);

DELETE FROM people WHERE key IS NULL;
