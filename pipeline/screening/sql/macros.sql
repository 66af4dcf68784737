-- In: the patterns of name_parts.toml ($degree …, {modern}). Out: the functions that the predicates of the rulebook are written with.

-- Whether a letter or a figure is in a name. Nearly all begin with one, which a comparison of the first byte shows.
CREATE OR REPLACE MACRO has_letter(name) AS CASE
    WHEN (name >= 'A' AND name < '[') OR (name >= 'a' AND name < '{') THEN true
    ELSE regexp_matches(name, '[A-Za-z0-9]')
END;

-- Whether two names in capitals differ in more than blanks. Equal ones are not looked at further.
CREATE OR REPLACE MACRO single_blanks(name) AS
    CASE WHEN contains(name, '  ') THEN replace(replace(name, '  ', ' '), '  ', ' ') ELSE name END;

CREATE OR REPLACE MACRO otherwise_written(one, other) AS
    CASE WHEN one <> other THEN single_blanks(one) <> single_blanks(other) ELSE false END;

-- A name's words without accents, titles and degrees, in capitals; the spellings of Muhammad as one. What is a title or a
-- degree, and where, says name_parts.toml. Two spaces are between words, so that each can be matched with the space on either side.
CREATE OR REPLACE MACRO without_degrees(name) AS regexp_replace(
    CASE WHEN contains(name, ',') THEN regexp_replace(
        name, '(?:\s(?:' || $bunched || ')[. ]*)*,[^A-Z0-9]*(?:(?:' || $degree || ')\b[^A-Z0-9]*)+$', ' '
    ) ELSE name END,
    '[\s(]+(?:(?:' || $unmistakable || '|' || $dotted || ')\b[^A-Z0-9]*)+$', ' '
);

-- What is no single blank between words is made one first: looking for every blank costs twice as much.
CREATE OR REPLACE MACRO bare_words(name) AS trim(regexp_replace(
    regexp_replace(
        replace(regexp_replace(' ' || without_degrees(name) || ' ', '[^A-Z0-9]*[^A-Z0-9 ][^A-Z0-9]*|  +', ' ', 'g'), ' ', '  '),
        '^ +(?:(?:' || $front || ') +)+([A-Z0-9])', ' \1'
    ),
    ' (?:M[OU](?:CH|KH|HD?)|MHD|M[OU][CK]?HAMM?[AE][DT]) ', ' MUHAMMAD ', 'g'
));

-- Most names are words and nothing else. One look tells them, and spares them the rest.
CREATE OR REPLACE MACRO only_words(name) AS NOT regexp_matches(
    name,
    '[^A-Z0-9 ]|  |^ | $|^(?:' || $front || ') | (?:' || $unmistakable || ')$|\bM(?:HD|[OU](?:CH|KH|H))'
);

CREATE OR REPLACE MACRO words_of(name) AS
    CASE WHEN only_words(strip_accents(upper(name))) THEN replace(strip_accents(upper(name)), ' ', '  ')
        ELSE bare_words(strip_accents(upper(name))) END;

-- A name as it is compared: its words in one, with ~ for `bin`, and = inside a single name that is there twice, as forms that
-- must have two words make people write it.
CREATE OR REPLACE MACRO form_of(words) AS
    CASE WHEN suffix(words, split_part(words, '  ', 1)) AND words = split_part(words, '  ', 1) || '  ' || split_part(words, '  ', 1)
        THEN replace(words, '  ', '=')
        WHEN regexp_matches(words, ' (?:' || $connecting || ') ') THEN replace(
            regexp_replace(words, '([A-Z0-9]) +(?:' || $connecting || ') +([A-Z0-9])', '\1~\2', 'g'), ' ', '')
        ELSE replace(words, ' ', '') END;

CREATE OR REPLACE MACRO plain_form(form) AS replace(replace(form, '~', ''), '=', '');

-- Which of two forms are one name. A name of which nothing is left agrees with none.
CREATE OR REPLACE MACRO same_form(one, other) AS CASE
    WHEN one = other THEN one <> ''
    WHEN one = '' OR other = '' THEN false
    ELSE coalesce(
        plain_form(one) = plain_form(other)
        OR (contains(one, '=') AND split_part(one, '=', 1) = plain_form(other))
        OR (contains(other, '=') AND split_part(other, '=', 1) = plain_form(one)), false)
END;

-- The same of names as they are written. A list of one is a variable here: its expression is worked out once.
CREATE OR REPLACE MACRO form_of_name(name) AS list_transform([words_of(name)], lambda words: form_of(words))[1];

CREATE OR REPLACE MACRO plain_name(name) AS plain_form(form_of_name(name));

-- Words and nothing else that are the same but for capitals need no form.
CREATE OR REPLACE MACRO same_name(one, other) AS CASE
    WHEN upper(one) = upper(other) AND one <> '' AND only_words(strip_accents(upper(one))) THEN true
    ELSE list_transform([[form_of_name(one), form_of_name(other)]], lambda forms: same_form(forms[1], forms[2]))[1]
END;

-- A typing slip: one or two letters in a name that is long enough to tell. Takes plain names.
CREATE OR REPLACE MACRO a_slip_apart(one, other) AS
    CASE WHEN length(other) >= 4 AND abs(length(one) - length(other)) <= 2
        THEN damerau_levenshtein(one, other) <= CASE WHEN least(length(one), length(other)) >= 8 THEN 2 ELSE 1 END
        ELSE false
    END;

-- A plain name in letters that do not tell the spelling before 1972 from today's.
CREATE OR REPLACE MACRO modern(name) AS {modern};

-- Whether two forms that are not the same are nearly one: in the old spelling, without the father's name, or but for a slip.
-- CASE, so that the costly distance is asked only of names that may be that near.
CREATE OR REPLACE MACRO near_form(one, other) AS CASE
    WHEN one = '' OR other = '' THEN false
    WHEN modern(plain_form(one)) = modern(plain_form(other)) THEN true
    WHEN contains(one, '~') AND split_part(one, '~', 1) = plain_form(other) THEN true
    WHEN contains(other, '~') AND split_part(other, '~', 1) = plain_form(one) THEN true
    ELSE a_slip_apart(plain_form(one), plain_form(other))
END;

-- Whole years on a day; who was born on 29 February comes of age on 1 March of a common year.
CREATE OR REPLACE MACRO age_on(birth, day) AS
    year(day) - year(birth)
        - CASE WHEN month(day) * 100 + day(day) < month(birth) * 100 + day(birth) THEN 1 ELSE 0 END;

-- DDMMYY as a NIK has it, as a number: day + 40 for women.
CREATE OR REPLACE MACRO nik_birth_number(birth, sex) AS
    (day(birth) + CASE WHEN sex = 'P' THEN 40 ELSE 0 END) * 10000 + month(birth) * 100 + year(birth) % 100;
