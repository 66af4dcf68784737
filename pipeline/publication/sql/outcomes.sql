-- In: $decisions of the run, {last} ones of the last screening, the $cohort of the revision. Out: a row a ticket, in draw order.
-- What became of each ticket, without anything about the person. Who has a place is the revision's cohort; whom the last
-- screening took out of the run's is rejected. With refill the last screening looks at the whole list: whom it refuses
-- or leaves to a person is passed over. Everybody else is what the run decided.
SELECT
    d.position, d.ticket, d.tier,
    CASE
        WHEN c.rank IS NOT NULL THEN 'accepted'
        WHEN list_contains(d.reasons, 'kk_limit') THEN 'kk_limit'
        WHEN d.outcome = 'accepted' THEN 'rejected'
        ELSE coalesce(l.outcome, d.outcome)
    END AS outcome,
    c.rank
FROM read_parquet($decisions) d
LEFT JOIN {last} l USING (registration_id)
LEFT JOIN read_parquet($cohort) c USING (registration_id)
WHERE d.ticket IS NOT NULL
ORDER BY d.position
