-- In: {source}, $offices, $everywhere, $office_words, $no_office_words, $occupations. Out: one row of metrics.
-- From one scan of one column of the population register; needs the function plain_occupation of the screening.
-- A rule that looks for offices passes everybody where the register has other words for them.
WITH
    named AS (
        SELECT plain_occupation(occupation) AS occupation, sum(n) AS n, bool_and(NOT regexp_matches(occupation, '[A-Za-z]')) AS code
        FROM (SELECT occupation, count(*) AS n FROM {source} WHERE trim(coalesce(occupation, '')) <> '' GROUP BY occupation)
        GROUP BY ALL
    ),
    looked_up AS (
        SELECT
            n, code, occupation,
            occupation IN (SELECT plain_occupation(unnest($offices))) AS office,
            list_has_any(string_split(occupation, ' '), $office_words)
                AND NOT list_has_any(string_split(occupation, ' '), $no_office_words) AS like_office,
            occupation IN (SELECT plain_occupation(unnest($occupations))) AS known
        FROM named
    )
SELECT
    coalesce(sum(n), 0)                                                                  AS named,
    coalesce(sum(n) FILTER (code), 0)                                                    AS occupation_code_count,
    coalesce(sum(n) FILTER (NOT office AND NOT known AND NOT like_office), 0)            AS unknown_occupation_count,
    coalesce(sum(n) FILTER (office), 0)                                                  AS in_office,
    coalesce(sum(n) FILTER (like_office AND NOT office), 0)                              AS office_in_other_words,
    (SELECT count(*) FROM (SELECT DISTINCT plain_occupation(unnest($everywhere)) AS occupation) ANTI JOIN looked_up USING (occupation))
                                                                                         AS missing_offices
FROM looked_up
