-- In: applications, people, applicants, $closing_day. Out: the view compared, one row an application with its person.
-- The NIKs that need a second look: under several applications, or of several people (`several` has these, and how many
-- they are; the same person delivered twice is one), and the applications under them.
CREATE OR REPLACE TABLE several AS
SELECT number, count(DISTINCT (full_name, birth_date)) AS holders
FROM people
WHERE number IN (SELECT number FROM people GROUP BY number HAVING count(*) > 1)
GROUP BY number;

CREATE OR REPLACE TABLE again AS
SELECT registration_id, submitted_at, number, kk_number, full_name, birth_date, in_window
FROM applications
WHERE number IN (
    SELECT number FROM applicants GROUP BY number HAVING count(*) > 1 UNION ALL SELECT number FROM several
);

-- Of several applications under one NIK the latest inside the window stands; null where none is inside: then none is
-- superseded.
CREATE OR REPLACE TABLE standing AS
SELECT number, arg_max(registration_id, (submitted_at, registration_id)) FILTER (in_window) AS standing
FROM again GROUP BY number;

-- Where several people hold one NIK (they do exist), the one who agrees most with the application is meant; ties fall by
-- name and birth date, so that the answer never depends on file order.
CREATE OR REPLACE TABLE meant AS
SELECT a.number, a.registration_id, -1 - p.rowid AS key
FROM again a JOIN people p USING (number)
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
    a.*,
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

-- Most names are the same but for capitals; only the others (`one` and `other`, else null) are worth being made plain.
CREATE OR REPLACE VIEW named AS
SELECT
    beside.*,
    CASE WHEN upper(full_name) <> upper(registered_name) THEN plain_name(full_name) END         AS one,
    CASE WHEN upper(full_name) <> upper(registered_name) THEN plain_name(registered_name) END   AS other
FROM beside;

-- What the rulebook's predicates are about.
CREATE OR REPLACE VIEW compared AS
SELECT
    * EXCLUDE (one, other),
    age_on(registered_birth_date, CAST($closing_day AS DATE))              AS age,
    CASE WHEN one IS NULL THEN full_name IS NOT NULL AND registered_name IS NOT NULL
        ELSE same_plain(one, other) END                                     AS same_name,
    near_plain(one, other)                                                  AS near_name,
    coalesce(birth_date = registered_birth_date, false)                     AS same_birth_date,
    coalesce(kk_number = registered_kk, false)                              AS same_kk
FROM named;
