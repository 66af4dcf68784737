-- In: applications. Out: one row a warning of the photographs that were verified.
-- What was seen on photographs that were looked at and did not decide anything.
WITH sets AS (SELECT warnings, count(*) AS n FROM applications WHERE verified GROUP BY ALL),
opened AS (SELECT unnest(warnings) AS code, n FROM sets)
SELECT code, sum(n)::BIGINT AS warning FROM opened GROUP BY ALL ORDER BY ALL;
