-- In: planted and the variable decisions. Out: one row a group, sex and decision, with its number of impostors.
-- Impostors by whose faces were compared: one group (and sex, where both are known and one), or two. Only where the
-- folder of faces says what its people are.
SELECT
    CASE WHEN t.reference_group = t.selfie_group THEN t.reference_group END AS "group",
    CASE WHEN t.reference_group = t.selfie_group AND t.reference_sex = t.selfie_sex THEN t.reference_sex END AS sex,
    coalesce(d.selfie_decision, 'unusable') AS decision,
    count(*)::BIGINT AS n
FROM planted AS t
JOIN read_parquet(getvariable('decisions')) AS d USING (registration_id)
WHERE d.selfie_verified AND list_contains(t.selfie_planted, 'face_mismatch')
    AND t.reference_group IS NOT NULL AND t.selfie_group IS NOT NULL
GROUP BY ALL
ORDER BY ALL;
