-- In: the variables truth and decisions. Out: one row of totals.
-- How many applications and photographs are compared.
SELECT count(*)::BIGINT AS applications, (count(*) FILTER (d.selfie_verified))::BIGINT AS photographs
FROM planted AS t
JOIN read_parquet(getvariable('decisions')) AS d USING (registration_id);
