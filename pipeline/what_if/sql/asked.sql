-- In: applications, {masks}, {warned}, {area}, {areas}, {without_selfies}. Out: the view asked, one row an application.
-- What a draw needs to know of an application: the reasons of screening as bits, its groups, and what is known of its
-- photograph. Who holds no place though nothing refuses (two people under one NIK, in doubt) counts as failed.
CREATE OR REPLACE TEMP VIEW asked AS
SELECT
    registration_id, m.mask{warned} AS mask,
    coalesce(province_code, 'unknown') AS province, coalesce(sex, 'unknown') AS sex, age_band AS age,
    coalesce(tier, 'public') AS tier, {area} AS area,
    CASE
        WHEN outcome = 'accepted' THEN 'passed'
        WHEN list_contains(warnings, 'shared_nik') THEN 'failed'
        WHEN {without_selfies} THEN 'passed'
        WHEN NOT verified THEN 'unknown'
        WHEN outcome = 'reserve' THEN 'passed'
        ELSE 'failed'
    END AS photo
FROM applications JOIN {masks} m USING ({masked_by}) {areas};
