-- In: {source}, $everywhere, $office_words, $no_office_words, $occupations. Out: one row of metrics.
-- From one scan of one column of the population register; needs the functions of the screening's sql/offices.sql.
-- A rule that looks for offices passes everybody where the register has other words for them. An office with something else in
-- brackets, one half of which says that it is over, is no office for the rule, and counts here: KEPALA DESA (PENSIUNAN PNS).
WITH
    -- no filter goes below OFFSET: DuckDB would make the text of every row tidy
    counted AS (SELECT occupation, count(*) AS n FROM {source} WHERE occupation IS NOT NULL GROUP BY occupation OFFSET 0),
    named AS (
        SELECT *, occupation_words(occupation) AS words, occupation_words(without_brackets(occupation)) AS base
        FROM counted
        WHERE tidy(occupation) <> ''
    ),
    looked_up AS (
        SELECT
            n, words, base,
            NOT regexp_matches(words, '[A-Z]') AS code,
            is_office(occupation) AS office,
            list_has_any(string_split(words, ' '), $office_words) AND NOT no_longer(words)
                OR is_listed(occupation) AND NOT list_has_all($no_office_words, string_split(trim(substr(words, length(base) + 1)), ' '))
                AS like_office,
            list_has_any(
                [in_one(words), in_one(base)], list_transform($occupations, lambda known: in_one(occupation_words(known)))
            ) AS known
        FROM named
    ),
    sought AS (SELECT occupation_words(name) AS words, occupation_words(without_brackets(name)) AS base FROM (SELECT unnest($everywhere) AS name))
SELECT
    coalesce(sum(n), 0)                                                                  AS named,
    coalesce(sum(n) FILTER (code), 0)                                                    AS occupation_code_count,
    coalesce(sum(n) FILTER (NOT office AND NOT known AND NOT like_office), 0)            AS unknown_occupation_count,
    coalesce(sum(n) FILTER (office), 0)                                                  AS in_office,
    coalesce(sum(n) FILTER (like_office AND NOT office), 0)                              AS office_in_other_words,
    -- by its long form, or by its short one, which is its last word
    (SELECT count(*) FROM sought WHERE NOT EXISTS (
        FROM looked_up l
        WHERE l.office AND (l.base = sought.base OR contains(' ' || l.words || ' ', ' ' || split_part(sought.words, ' ', -1) || ' '))
    ))                                                                                   AS missing_offices
FROM looked_up
