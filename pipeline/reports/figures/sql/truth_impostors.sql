-- In: the variables truth and decisions. Out: one row a decision of the face comparison, for planted impostors and others.
-- Another person's face, planted, against how the comparison ended.
SELECT
    list_contains(t.selfie_planted, 'face_mismatch') AS impostor,
    coalesce(d.selfie_decision, 'unusable') AS decision,
    count(*)::BIGINT AS n
FROM planted AS t
JOIN read_parquet(getvariable('decisions')) AS d USING (registration_id)
WHERE d.selfie_verified
GROUP BY ALL
ORDER BY ALL;
