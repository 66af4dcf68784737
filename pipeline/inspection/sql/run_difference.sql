-- In: the decisions of two runs ($a, $b), {key}, {counted}. Out: the table pairs, one row an application or a person.
-- Two runs side by side: application by application where they are of one wave ({key} is registration_id), person by
-- person where they are not ({key} is nik; superseded applications and NIKs that cannot be read stay out).
CREATE OR REPLACE TABLE pairs AS
WITH
    one AS (SELECT {key} AS id, * FROM read_parquet($a) WHERE {counted}),
    two AS (SELECT {key} AS id, * FROM read_parquet($b) WHERE {counted})
SELECT
    id,
    coalesce(one.outcome, 'absent')                                    AS before,
    coalesce(two.outcome, 'absent')                                    AS after,
    coalesce(one.reasons, CAST([] AS VARCHAR[]))                       AS reasons_before,
    coalesce(two.reasons, CAST([] AS VARCHAR[]))                       AS reasons_after,
    one.tier                                                           AS tier_before,
    two.tier                                                           AS tier_after,
    one.rank                                                           AS rank_before,
    two.rank                                                           AS rank_after
FROM one FULL JOIN two USING (id);
