-- In: the cohorts $before and $after, {about}, $against. Out: one row a person whose rank is another.
-- This cohort against the one before it; {about} has the outcome of those who have no place after the last screening.
SELECT
    $against AS against,
    registration_id,
    CASE WHEN n.rank IS NULL THEN 'removed' WHEN o.rank IS NULL THEN 'added' ELSE 'moved' END AS change,
    o.rank AS rank_before, n.rank AS rank_after, r.outcome, r.reasons, r.message_id, r.message_en, r.reviewed
FROM read_parquet($before) o
FULL JOIN read_parquet($after) n USING (registration_id)
LEFT JOIN {about} r USING (registration_id)
WHERE o.rank IS DISTINCT FROM n.rank
