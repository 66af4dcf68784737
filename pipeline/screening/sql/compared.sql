-- Each application beside its person in the register. Where several people hold one NIK (they do exist), the one who agrees
-- most with the application is meant; ties fall by name and birth date, so that the answer never depends on file order.
-- The same person delivered twice is one person: `several` has the numbers, `holders` counts people.
CREATE OR REPLACE TABLE several AS
SELECT number, count(DISTINCT (full_name, birth_date)) AS holders
FROM people
WHERE number IN (SELECT number FROM people GROUP BY number HAVING count(*) > 1)
GROUP BY number;

CREATE OR REPLACE TABLE meant AS
SELECT a.number, a.registration_id, -1 - p.rowid AS key
FROM applications a JOIN people p USING (number)
WHERE a.number IN (SELECT number FROM several)
QUALIFY row_number() OVER (
    PARTITION BY a.registration_id
    ORDER BY
        same_name(a.full_name, p.full_name)::INT + coalesce(a.birth_date = p.birth_date, false)::INT
            + coalesce(a.kk_number = p.kk_number, false)::INT DESC,
        p.full_name, p.birth_date, p.kk_number, p.sex, p.citizenship, p.alive, p.occupation, p.photo
) = 1;

UPDATE people SET key = -1 - rowid WHERE number IN (SELECT number FROM several);

-- Each application with its person. Without one (`known` is false) all that the register says is null.
CREATE OR REPLACE VIEW beside AS
SELECT
    a.rowid AS place, a.*,
    coalesce(standing.standing <> a.registration_id, false)                 AS superseded,
    p.key IS NOT NULL                                                       AS known,
    coalesce(several.holders, 1)                                            AS holders,
    p.kk_number                                                             AS registered_kk,
    p.full_name                                                             AS registered_name,
    p.birth_date                                                            AS registered_birth_date,
    p.sex                                                                   AS registered_sex,
    p.citizenship, p.alive, p.occupation, p.photo
FROM applications a
LEFT JOIN standing ON standing.number = a.number
LEFT JOIN several ON several.number = a.number
LEFT JOIN meant ON meant.number = a.number AND meant.registration_id = a.registration_id
LEFT JOIN people p ON p.key = coalesce(meant.key, a.number);

-- Most names are the same but for capitals; only the others are worth being made plain.
CREATE OR REPLACE TABLE names AS
SELECT place, same_plain(one, other) AS same, NOT same_plain(one, other) AND near_plain(one, other) AS near
FROM (
    SELECT place, plain_name(full_name) AS one, plain_name(registered_name) AS other
    FROM beside
    WHERE upper(full_name) <> upper(registered_name)
);

-- What the rulebook's predicates are about.
CREATE OR REPLACE VIEW compared AS
SELECT
    beside.*,
    age_on(registered_birth_date, CAST({closing_day} AS DATE))              AS age,
    coalesce(names.same, full_name IS NOT NULL AND registered_name IS NOT NULL) AS same_name,
    coalesce(names.near, false)                                             AS near_name,
    coalesce(birth_date = registered_birth_date, false)                     AS same_birth_date,
    coalesce(kk_number = registered_kk, false)                              AS same_kk
FROM beside LEFT JOIN names USING (place);
