-- In: asked. Out: how many applications have each combination of reasons.
SELECT mask, count(*) AS n FROM asked GROUP BY mask ORDER BY mask
