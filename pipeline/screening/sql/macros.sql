-- In: nothing. Out: the functions that the predicates of the rulebook are written with.

-- A name as it is compared: capitals without accents, titles, punctuation and spaces; the spellings of Muhammad as one.
-- Academic titles go where they stand after a comma, or carry their dots, at the end; those before a name go as words.
-- Words stand two spaces apart while they are looked at, so that each can be matched with the space on either side.
CREATE OR REPLACE MACRO without_titles(name) AS regexp_replace(
    regexp_replace(
        name,
        ',[\s,]*((S[. ]*(PD|H|E|T|KOM|SOS|AG|IP|SI|KED|KEP|FARM|HUT|P|PSI|TP|S|KM|PT|IK|ST|AK)|M[. ]*(M|SI|PD|H|T|KOM|KES|AG|SC|A|BA|HUM|AK|AP)|A[. ]*MD([. ]*(KEB|KEP|KOM|AK))?|D[. ]*(III|IV)|PH[. ]*D|DR|LC|NERS)\b[., ]*)+$',
        ' '
    ),
    '\s((S|M|A)\.\s?(PD|H|E|T|KOM|SOS|AG|IP|SI|KED|KEP|FARM|HUT|P|PSI|TP|S|KM|PT|M|KES|SC|A|BA|HUM|AK|AP|MD)\b[., ]*)+$',
    ' '
);

CREATE OR REPLACE MACRO plain_name(name) AS replace(
    regexp_replace(
        regexp_replace(
            regexp_replace(' ' || without_titles(strip_accents(upper(name))) || ' ', '[^A-Z0-9]+', '  ', 'g'),
            '^ +((HAJI|HAJJAH|HJ|H|KH|DR|DRS|DRA|DRG|IR|PROF) +)+([A-Z0-9])', ' \3'
        ),
        ' (M[OU](CH|KH|HD?)|MHD|M[OU][CK]?HAMM?[AE][DT]) ', ' MUHAMMAD ', 'g'
    ), ' ', '');

-- What may be the same name is decided by the plain forms; one that leaves nothing is nobody's.
CREATE OR REPLACE MACRO same_plain(one, other) AS coalesce(one = other AND one <> '', false);

CREATE OR REPLACE MACRO same_name(one, other) AS same_plain(plain_name(one), plain_name(other));

-- A typing slip: one or two letters in a name that is long enough to tell. Takes plain names. CASE, so that the costly
-- distance is asked only of names that may be that near.
CREATE OR REPLACE MACRO near_plain(one, other) AS
    CASE WHEN one <> other AND length(other) >= 4 AND abs(length(one) - length(other)) <= 2
        THEN damerau_levenshtein(one, other) <= CASE WHEN least(length(one), length(other)) >= 8 THEN 2 ELSE 1 END
        ELSE false
    END;

-- Whole years on a day; who was born on 29 February comes of age on 1 March of a common year.
CREATE OR REPLACE MACRO age_on(birth, day) AS
    year(day) - year(birth)
        - CASE WHEN month(day) * 100 + day(day) < month(birth) * 100 + day(birth) THEN 1 ELSE 0 END;

-- DDMMYY as a NIK has it, as a number: day + 40 for women.
CREATE OR REPLACE MACRO nik_birth_number(birth, sex) AS
    (day(birth) + CASE WHEN sex = 'P' THEN 40 ELSE 0 END) * 10000 + month(birth) * 100 + year(birth) % 100;

-- An occupation as it is compared: capitals, single spaces, without the short form in brackets that some exports leave out.
CREATE OR REPLACE MACRO plain_occupation(name) AS
    trim(regexp_replace(regexp_replace(upper(name), '\([^)]*\)\s*$', ''), '[\s[:punct:]]+', ' ', 'g'));
