-- In: contacts, the variables decisions and letters, {code}, $language, {ticket}. Out: one row an application, with its letter.
SELECT d.registration_id, c.phone, c.email, coalesce(c.language, $language) AS language, {code} AS code, l.letter{ticket}
FROM read_parquet(getvariable('decisions')) AS d
JOIN read_parquet(getvariable('letters')) AS l
    ON l.outcome = d.outcome AND l.reasons = d.reasons AND l.reviewed = d.reviewed
    AND l.matched = coalesce(d.selfie_decision = 'match', false)
LEFT JOIN contacts AS c USING (registration_id)
ORDER BY d.registration_id
