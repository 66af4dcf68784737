-- Each application with its person in the register. Where several people hold one NIK (they do exist), the one who agrees
-- most with the application is meant; ties fall by name and birth date, so that the answer never depends on file order.
CREATE OR REPLACE TABLE holders AS SELECT number, count(*) AS holders FROM people GROUP BY number;

CREATE OR REPLACE VIEW compared AS
SELECT
    a.registration_id, p.*, h.holders, age_on(p.birth_date, CAST($closing_day AS DATE)) AS age,
    same_name(a.full_name, p.full_name)                AS same_name,
    coalesce(a.birth_date = p.birth_date, false)       AS same_birth_date,
    coalesce(a.kk_number = p.kk_number, false)         AS same_kk
FROM applications a JOIN people p USING (number) JOIN holders h USING (number);

CREATE OR REPLACE TABLE persons AS
SELECT * FROM compared WHERE holders = 1
UNION ALL
SELECT * FROM (
    SELECT * FROM compared WHERE holders > 1
    QUALIFY row_number() OVER (
        PARTITION BY registration_id
        ORDER BY same_name::INT + same_birth_date::INT + same_kk::INT DESC, full_name, birth_date, kk_number, citizenship, alive,
            occupation, photo
    ) = 1
);
