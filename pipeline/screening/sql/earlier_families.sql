-- In: people, doubles, earlier. Out: earlier_families, how many recipients a family card has had.
-- Recipients of earlier waves by their family card; where several people hold a recipient's NIK, it is the one of the
-- recipient's name, as far as the earlier cohort gives it.
CREATE OR REPLACE VIEW earlier_families AS
SELECT kk_number, count(DISTINCT person) AS earlier
FROM (SELECT key AS person, kk_number FROM people WHERE key > 0 UNION ALL SELECT key, kk_number FROM doubles)
WHERE person IN (SELECT person FROM earlier)
GROUP BY kk_number;
