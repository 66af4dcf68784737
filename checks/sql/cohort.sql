-- In: {cohort}, {decisions}, {registrations} of a run, $quota, $outcomes. Out: one row of metrics.
-- Metrics of a cohort before anybody sees it; every one but places_left must be zero.
SELECT
    $quota - (SELECT count(*) FROM {cohort})                                                           AS places_left,
    (SELECT count(*) FROM (SELECT rank, row_number() OVER (ORDER BY rank) AS n FROM {cohort}) WHERE rank IS DISTINCT FROM n) AS rank_gaps,
    -- two people may hold one NIK: a reviewer has accepted each of them
    (SELECT count(*) - count(DISTINCT nik) FROM {cohort} c ANTI JOIN
        (FROM {decisions} WHERE list_contains(warnings, 'shared_nik')) d USING (registration_id))      AS niks_twice,
    (SELECT count(*) FROM {decisions} WHERE outcome = 'accepted' AND len(reasons) > 0)                 AS accepted_with_reasons,
    (SELECT count(*) FROM {cohort} c ANTI JOIN (FROM {decisions} WHERE outcome = 'accepted') d
        USING (registration_id))                                                                       AS not_in_decisions,
    (SELECT count(*) FROM {decisions} d ANTI JOIN {cohort} c USING (registration_id)
        WHERE d.outcome = 'accepted')                                                                  AS not_in_cohort,
    (SELECT count(*) FROM {decisions} d ANTI JOIN {registrations} r USING (registration_id))           AS never_registered,
    (SELECT count(*) FROM {decisions}
        WHERE outcome IS NULL OR outcome NOT IN $outcomes)         AS unknown_outcomes,
    (SELECT count(*) - count(DISTINCT registration_id) FROM {decisions})                               AS decisions_twice,
    (SELECT count(*) FROM {registrations} r ANTI JOIN {decisions} d USING (registration_id))           AS undecided
