-- In: lists of rules.toml ($excluded_occupations …). Out: occupation_words, in_one, without_brackets, no_longer and is_office.
-- An occupation's words in capitals, with single spaces and without marks that nobody sees. `R.I.` is one word, `TNI.AD` two.
CREATE OR REPLACE MACRO occupation_words(name) AS trim(regexp_replace(
    replace(regexp_replace(regexp_replace(upper(name), '\p{Cf}', '', 'g'), '([A-Z0-9]{2})\.', '\1 ', 'g'), '.', ''),
    '[^A-Z0-9]+', ' ', 'g'
));

-- As it is compared: WALI KOTA is WALIKOTA, and R I is RI.
CREATE OR REPLACE MACRO in_one(words) AS replace(words, ' ', '');

-- Without what stands in brackets behind it, which some exports leave out.
CREATE OR REPLACE MACRO without_brackets(name) AS regexp_replace(upper(name), '[(\[][^)\]]*[)\]][^A-Z0-9]*$', '');

CREATE OR REPLACE MACRO no_longer(words) AS list_has_any(string_split(words, ' '), $no_office_words);

-- By the words of the list, as they are or without brackets.
CREATE OR REPLACE MACRO is_listed(name) AS list_has_any(
    [in_one(occupation_words(name)), in_one(occupation_words(without_brackets(name)))],
    list_transform(
        flatten(list_transform($excluded_occupations, lambda office: [office, without_brackets(office)])),
        lambda office: in_one(occupation_words(office))
    )
);

-- Or by short forms that mean nothing else, and nothing but words that belong to them: SIPIL - PNS, ANGGOTA TNI/POLRI.
CREATE OR REPLACE MACRO serves(words) AS list_contains($serving, in_one(words))
    OR (list_has_any(string_split(words, ' '), $serving)
        AND list_has_all(list_concat($serving, $beside_serving), string_split(words, ' ')));

CREATE OR REPLACE MACRO is_office(name) AS serves(occupation_words(name))
    OR (is_listed(name) OR serves(occupation_words(without_brackets(name)))) AND NOT no_longer(occupation_words(name));
