-- In: asked, $as_run and $asked (the bits that refuse). Out: one row a combination of groups that has somebody in a draw.
-- How many people of each combination take part in the draw of the wave as it was run, and in the one asked about.
SELECT
    province, sex, age, tier, area, photo,
    (mask & $as_run) = 0 AS in_run,
    (mask & $asked) = 0 AS in_asked,
    count(*) AS n
FROM asked
WHERE (mask & $as_run) = 0 OR (mask & $asked) = 0
GROUP BY ALL
ORDER BY ALL
