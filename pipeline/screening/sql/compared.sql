-- In: applications, people, repeated, applied_again, $closing_day. Out: the view compared, one row an application with its person.
-- repeated and applied_again have the NIKs that are on several rows of people and of applicants.
-- Whoever was wanted has been looked up: of six million that is 50 MB.
DROP VIEW IF EXISTS wanted;
DROP TABLE IF EXISTS applicants;

-- The occupations that exclude, in the words in which this register has them.
-- No filter goes below OFFSET: DuckDB would ask it of every person, and take as long as for all the rest.
CREATE OR REPLACE TABLE offices AS
SELECT occupation
FROM (SELECT DISTINCT occupation FROM people OFFSET 0)
WHERE is_office(occupation);

-- The rows of NIKs that the register has more than once. A person is a NIK, a name and a birth date; `key` counts them.
CREATE OR REPLACE TABLE doubles AS
SELECT key AS number, * REPLACE (-dense_rank() OVER (ORDER BY key, coalesce(plain_name(full_name), ''), birth_date) AS key)
FROM people
WHERE key IN (FROM repeated);

CREATE OR REPLACE TABLE holders AS SELECT number, count(DISTINCT key) AS holders FROM doubles GROUP BY number;

-- The applications whose NIK comes more than once, here or in the register.
CREATE OR REPLACE TABLE same_number_applications AS
SELECT
    registration_id, submitted_at, number, kk_number, full_name, birth_date, in_window, email_verified, phone_verified,
    ltrim(regexp_replace(phone, '^\s*[+]?62|[^0-9]', '', 'g'), '0') AS phone, lower(email) AS email
FROM applications
WHERE number IN (FROM applied_again UNION ALL FROM repeated);

-- Each of them with the person that it matches: the one of its name and birth date, else the one who agrees most. Ties fall
-- by what the register says, so that the answer does not depend on the order of files.
DELETE FROM people WHERE key IN (FROM repeated);

-- A table of its own: the join gives a few rows at a time, and same_name is made ready anew for each few.
CREATE OR REPLACE TABLE possible_matches AS
SELECT
    a.*, p.key, p.kk_number AS registered_kk, p.full_name AS registered_name,
    coalesce(a.birth_date = p.birth_date, false)                                    AS born,
    coalesce(a.kk_number = p.kk_number, false)                                      AS carded
FROM same_number_applications a
LEFT JOIN (SELECT key AS number, key, full_name, birth_date, kk_number FROM people UNION ALL BY NAME
           SELECT number, key, full_name, birth_date, kk_number FROM doubles) p USING (number);

CREATE OR REPLACE TABLE matched_applications AS
SELECT *, named AND born AS agrees, agrees AND carded AND in_window AND email_verified AND phone_verified AS sound
FROM (SELECT *, same_name(full_name, registered_name) AS named FROM possible_matches)
QUALIFY row_number() OVER (
    PARTITION BY registration_id
    ORDER BY agrees DESC, named::INT + born::INT + carded::INT DESC, key DESC, registered_kk
) = 1;

-- Which application counts: of a person's applications (those that agree in name and birth date) the latest sound one, without a sound one
-- the latest inside the window; null where none is inside. An application that agrees with no person takes no part. Two sound ones with
-- another phone and another e-mail contest each other.
CREATE OR REPLACE TABLE resolved_applications AS
SELECT
    number, registration_id, key, registered_kk, holders,
    agrees AND coalesce(registration_id <> coalesce(
        max((submitted_at, registration_id)) FILTER (sound) OVER person,
        max((submitted_at, registration_id)) FILTER (in_window) OVER person
    )[2], false) AS superseded,
    sound AND count(DISTINCT phone) FILTER (sound) OVER person > 1
        AND count(DISTINCT email) FILTER (sound) OVER person > 1 AS contested
FROM matched_applications LEFT JOIN holders USING (number)
WINDOW person AS (PARTITION BY key, agrees);

DROP TABLE same_number_applications;
DROP TABLE possible_matches;
DROP TABLE matched_applications;

-- One row a person again. Where the rows differ the worse fact counts: dead, no citizen, an office that excludes.
ALTER TABLE people ADD COLUMN contradicts BOOLEAN DEFAULT false;

INSERT INTO people BY NAME
SELECT
    key, min(kk_number) AS kk_number, min(full_name) AS full_name, birth_date, min(sex) AS sex,
    CASE WHEN bool_and(coalesce(citizenship = 'WNI', false)) THEN 'WNI'
        ELSE min(citizenship) FILTER (citizenship <> 'WNI') END AS citizenship,
    bool_and(alive) AS alive,
    coalesce(min(occupation) FILTER (occupation IN (FROM offices)), min(occupation)) AS occupation,
    min(photo) AS photo, min(area) AS area,
    greatest(
        count(DISTINCT kk_number), count(DISTINCT sex), count(DISTINCT coalesce(citizenship, '')), count(DISTINCT alive),
        count(DISTINCT tidy(occupation))
    ) > 1 AS contradicts
FROM doubles
GROUP BY key, birth_date;

-- The people of this wave who were accepted before; of several who hold one NIK the one of the earlier cohort's name, as
-- far as it gives one.
CREATE OR REPLACE TABLE earlier AS
SELECT number AS person FROM accepted WHERE number NOT IN (FROM repeated)
UNION ALL
SELECT p.key
FROM people p JOIN (SELECT DISTINCT key, number FROM doubles) USING (key) JOIN holders USING (number) JOIN accepted a USING (number)
WHERE holders = 1 OR a.full_name IS NULL OR same_name(a.full_name, p.full_name);

-- Each application with its person. Without one (`known` is false) all that the register says is null.
CREATE OR REPLACE VIEW with_register AS
SELECT
    a.*,
    coalesce(s.superseded, false)                                           AS superseded,
    coalesce(s.contested, false)                                            AS contested,
    coalesce(s.holders, 1)                                                  AS holders,
    p.key IS NOT NULL                                                       AS known,
    p.key                                                                   AS person,
    coalesce(s.registered_kk, p.kk_number)                                  AS registered_kk,
    p.full_name                                                             AS registered_name,
    p.birth_date                                                            AS registered_birth_date,
    p.sex                                                                   AS registered_sex,
    p.citizenship, p.alive, p.occupation, p.photo, p.area, p.contradicts
FROM applications a
LEFT JOIN resolved_applications s ON s.number = a.number AND s.registration_id = a.registration_id
LEFT JOIN people p ON p.key = coalesce(s.key, a.number);

-- Most names are the same but for capitals and blanks; only the others (else null) are worth being made plain. A name without
-- a letter (`-`) is one of them: it agrees with none, here as where it is asked who stands.
CREATE OR REPLACE VIEW worded AS
SELECT
    with_register.*,
    CASE WHEN NOT has_letter(full_name) THEN true
        WHEN full_name <> registered_name THEN otherwise_written(upper(full_name), upper(registered_name)) END AS in_other_words,
    CASE WHEN in_other_words THEN words_of(full_name) END                                     AS words,
    CASE WHEN in_other_words THEN words_of(registered_name) END                               AS registered_words
FROM with_register;

CREATE OR REPLACE VIEW named AS
SELECT * EXCLUDE (in_other_words, words, registered_words), form_of(words) AS one, form_of(registered_words) AS other
FROM worded;

CREATE OR REPLACE VIEW like_registered AS
SELECT
    *,
    CASE WHEN one IS NULL THEN full_name IS NOT NULL AND registered_name IS NOT NULL
        ELSE same_form(one, other) END                                      AS same_name,
    coalesce(birth_date = registered_birth_date, false)                     AS same_birth_date,
    coalesce(kk_number = registered_kk, false)                              AS same_kk
FROM named;

-- What the rulebook's predicates are about. A near name is a slip of the same person: nobody else's name is looked at for one.
CREATE OR REPLACE VIEW compared AS
SELECT
    * EXCLUDE (one, other),
    age_on(registered_birth_date, CAST($closing_day AS DATE))              AS age,
    CASE WHEN same_name OR NOT same_birth_date OR NOT same_kk THEN false
        ELSE near_form(one, other) END                                      AS near_name
FROM like_registered;
