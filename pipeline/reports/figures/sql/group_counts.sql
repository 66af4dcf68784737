-- In: applications. Out: one row a combination of province, sex, age and tier.
-- How every combination of groups fared, small enough to be summed by one group after another.
-- The parts of a row (screened_out … placed_unverified) add up to its applications.
SELECT
    coalesce(province_code, 'unknown') AS province,
    coalesce(sex, 'unknown') AS sex,
    age_band AS age,
    coalesce(tier, 'public') AS tier,
    (count(*) FILTER (step NOT IN ('drawn', 'selfie', 'accepted')))::BIGINT AS screened_out,
    (count(*) FILTER (step = 'drawn' AND NOT verified))::BIGINT AS waiting,
    (count(*) FILTER (step = 'selfie' AND outcome = 'review'))::BIGINT AS review,
    (count(*) FILTER (step = 'selfie' AND outcome <> 'review' AND retry = 'photo'))::BIGINT AS photo_again,
    (count(*) FILTER (step = 'selfie' AND outcome <> 'review' AND retry <> 'photo'))::BIGINT AS photo_refused,
    (count(*) FILTER (step = 'drawn' AND verified))::BIGINT AS passed_waiting,
    (count(*) FILTER (step = 'accepted' AND verified))::BIGINT AS placed,
    (count(*) FILTER (step = 'accepted' AND NOT verified))::BIGINT AS placed_unverified
FROM applications
GROUP BY 1, 2, 3, 4
ORDER BY 1, 2, 3, 4;
