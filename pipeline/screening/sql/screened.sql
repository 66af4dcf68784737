-- The masks decoded, for those who have any bit, once the rows stand in order (numbers sort faster than lists); reasons are
-- in catalogue order because the bits are.
SELECT
    registration_id, nik, full_name, province_code, sex, TRY_CAST(age AS SMALLINT) AS age,
    CASE WHEN mask = 0 THEN CAST([] AS VARCHAR[])
         ELSE list_filter({codes}, lambda code, i: (mask >> (i - 1)) & 1 = 1) END AS reasons,
    CASE WHEN warned = 0 THEN CAST([] AS VARCHAR[])
         ELSE list_filter({warning_codes}, lambda code, i: (warned >> (i - 1)) & 1 = 1) END AS warnings,
    tier, draw, selfie, reference
FROM (FROM judged ORDER BY registration_id)
