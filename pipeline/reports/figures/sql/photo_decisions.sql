-- In: applications. Out: one row a decision of the face comparison.
-- How the comparisons with the register's photograph ended.
SELECT coalesce(selfie_decision, 'unusable') AS decision, count(*)::BIGINT AS n
FROM applications WHERE verified GROUP BY ALL ORDER BY ALL;
