-- In: rows, earlier {decisions} {retries} {accepted}, {registrations}, {repeated}, $opens, $closes. Out: settled, one row a re-upload.
CREATE OR REPLACE MACRO letters_of(name) AS regexp_replace(upper(name), '[^A-Z]', '', 'g');

-- What each re-upload answers: the latest decision about the application that it names, and why it is not taken where it
-- is not. {decisions} are the decisions of all earlier waves, {retries} the applications that those waves let try again.
CREATE OR REPLACE TABLE earlier_decisions AS
SELECT registration_id, wave, coalesce(from_wave, wave) AS made, nik, outcome, retry
FROM (
    SELECT
        registration_id, nik, outcome, retry, from_wave,
        wave_of(filename) AS wave
    FROM {decisions}
)
WHERE registration_id IN (SELECT registration_id FROM rows);

-- The wave named is that of the application or of a later refusal; from either, all that was decided about it is found.
CREATE OR REPLACE TABLE answered AS
SELECT r.*, last.wave AS refused_in, last.made, last.nik, last.outcome, last.retry
FROM (SELECT row_number() OVER () AS line, * FROM rows WHERE registration_id IS NOT NULL) r
LEFT JOIN earlier_decisions named ON named.registration_id = r.registration_id AND r.from_wave IN (named.wave, named.made)
LEFT JOIN earlier_decisions last ON last.registration_id = named.registration_id AND last.made = named.made
QUALIFY row_number() OVER (PARTITION BY r.line ORDER BY last.wave DESC NULLS LAST) = 1;

-- With the person, as far as the application that may be tried again gives them: the register gives some NIKs to two people.
CREATE OR REPLACE TABLE applied AS
SELECT a.*, r.bare_name, r.birth_date
FROM answered a
LEFT JOIN (
    SELECT registration_id, birth_date, letters_of(full_name) AS bare_name, wave_of(filename) AS refused_in FROM {retries}
) r USING (registration_id, refused_in);

-- Whether a place under the NIK is this person's. Under another name it may be: then screening, which has the register, says.
CREATE OR REPLACE TABLE judged AS
SELECT *,
    CASE
        WHEN from_wave IS NULL THEN 'wave_missing'
        WHEN outcome IS NULL THEN 'unknown_application'
        WHEN outcome = 'accepted' OR EXISTS (
            FROM ({accepted}) place
            WHERE place.number = as_number(nik) AND (applied.bare_name IS NULL OR coalesce(place.bare_name = applied.bare_name, true))
        ) THEN 'accepted_before'
        WHEN outcome = 'rejected' AND retry <> 'photo' THEN 'not_photo_only'
        WHEN outcome <> 'rejected' THEN 'not_refused'
        WHEN NOT coalesce(submitted_at BETWEEN $opens AND $closes, false) THEN 'outside_window'
        WHEN registration_id IN (SELECT registration_id FROM {registrations} UNION ALL FROM {repeated}) THEN 'id_taken'
    END AS refusal
FROM applied;

-- Of several re-uploads of one person the latest counts, as with applications. Ids are unique in a wave only: of two people
-- who bring one id from two waves, the one of the earlier wave keeps it.
CREATE OR REPLACE TABLE settled AS
SELECT * REPLACE (
    coalesce(problem, CASE WHEN row_number() OVER (
        PARTITION BY registration_id, problem IS NULL ORDER BY made
    ) > 1 THEN 'id_taken' END) AS problem)
FROM (
    SELECT *,
        coalesce(refusal, CASE WHEN row_number() OVER (
            PARTITION BY nik, bare_name, birth_date, refusal IS NULL ORDER BY submitted_at DESC, registration_id, selfie NULLS LAST
        ) > 1 THEN 'sent_again' END) AS problem
    FROM judged
);
