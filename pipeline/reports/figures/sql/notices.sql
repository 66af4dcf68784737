-- In: the variables decisions and letters, {ticket}. Out: one row an application, with the number of its letter.
SELECT d.registration_id, l.letter{ticket}
FROM read_parquet(getvariable('decisions')) AS d
JOIN read_parquet(getvariable('letters')) AS l
    ON l.outcome = d.outcome AND l.reasons = d.reasons AND l.reviewed = d.reviewed
ORDER BY d.registration_id
