-- In: applications. Out: one row a warning.
-- What was noticed without deciding anything, over all applications.
WITH sets AS (SELECT warnings, count(*) AS n FROM applications GROUP BY ALL),
opened AS (SELECT unnest(warnings) AS code, n FROM sets)
SELECT code, sum(n)::BIGINT AS n FROM opened GROUP BY ALL ORDER BY ALL;
