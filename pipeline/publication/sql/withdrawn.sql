-- In: $decisions of the run, the $cohort of the revision. Out: the tickets of places that were taken back.
-- Who had a place in the approved cohort and lost it at the last screening. Without refill such a place stays empty; in
-- outcomes.csv the ticket is rejected.
SELECT ticket
FROM read_parquet($decisions)
WHERE outcome = 'accepted' AND registration_id NOT IN (SELECT registration_id FROM read_parquet($cohort))
ORDER BY ticket
