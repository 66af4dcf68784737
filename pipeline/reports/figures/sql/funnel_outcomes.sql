-- In: applications. Out: one row a step and outcome.
-- How many applications left at each step, and with which outcome.
SELECT step, outcome, count(*)::BIGINT AS n FROM applications GROUP BY ALL ORDER BY ALL;
