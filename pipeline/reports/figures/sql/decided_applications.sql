-- In: the variable decisions. Out: the view applications, one row an application.
-- One row per application with the funnel step that it left at, as every report counts it.
-- An application leaves at the first step where it has a reason; the reserve leaves at the draw.
CREATE OR REPLACE TEMP VIEW applications AS
SELECT
    registration_id, outcome, reasons, warnings, reviewed, retry, tier, province_code, sex, age, selfie_decision,
    coalesce(selfie_verified, false) AS verified,
    CASE
        WHEN outcome = 'accepted' THEN 'accepted'
        WHEN outcome = 'reserve' THEN 'drawn'
        WHEN list_contains(reasons, 'shared_nik') THEN 'selfie'  -- found among those who would be placed
        WHEN layer = 'registration' AND list_contains(reasons, 'email_unverified') THEN 'email'
        ELSE coalesce(layer, 'selfie')  -- under review without a reason: the comparison was in doubt
    END AS step,
    CASE
        WHEN age IS NULL THEN 'unknown'
        WHEN age < 18 THEN 'under_18'
        WHEN age < 25 THEN '18_24'
        WHEN age < 35 THEN '25_34'
        WHEN age < 45 THEN '35_44'
        WHEN age < 55 THEN '45_54'
        WHEN age < 65 THEN '55_64'
        ELSE '65_up'
    END AS age_band
FROM read_parquet(getvariable('decisions'));
