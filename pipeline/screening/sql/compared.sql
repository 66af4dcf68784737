-- Each application with its person in the register. Where several people hold one NIK (they do exist), the one who agrees
-- most with the application is meant; ties fall by name and birth date, so that the answer never depends on file order.
-- The same person delivered twice is one person: `several` has the numbers, `holders` counts people.
CREATE OR REPLACE TABLE several AS SELECT number FROM people GROUP BY number HAVING count(*) > 1;

CREATE OR REPLACE TABLE holders AS
SELECT number, count(DISTINCT (full_name, birth_date)) AS holders
FROM people WHERE number IN (FROM several) GROUP BY number;

CREATE OR REPLACE VIEW compared AS
SELECT
    a.registration_id, p.*, h.number IS NOT NULL AS is_several, coalesce(h.holders, 1) AS holders,
    age_on(p.birth_date, CAST($closing_day AS DATE)) AS age,
    same_name(a.full_name, p.full_name)                AS same_name,
    coalesce(a.birth_date = p.birth_date, false)       AS same_birth_date,
    coalesce(a.kk_number = p.kk_number, false)         AS same_kk
FROM applications a JOIN people p USING (number) LEFT JOIN holders h USING (number);

CREATE OR REPLACE TABLE persons AS
SELECT * FROM compared WHERE NOT is_several
UNION ALL
SELECT * FROM (
    SELECT * FROM compared WHERE is_several
    QUALIFY row_number() OVER (
        PARTITION BY registration_id
        ORDER BY same_name::INT + same_birth_date::INT + same_kk::INT DESC, full_name, birth_date, kk_number, sex, citizenship,
            alive, occupation, photo
    ) = 1
);
