-- In: {cohorts}, the newest revision of every wave. Out: one row a place.
-- Everybody who holds a place, one row each; {cohorts} are the newest revisions, this one among them.
SELECT wave, revision, rank, registration_id, nik
FROM ({cohorts})
ORDER BY wave, rank
