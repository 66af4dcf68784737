-- In: all_waves. Out: one row a wave, with counts of people.
-- People counted once, in the wave in which they first applied, and in the one in which they were first accepted.
-- A retry that succeeded: accepted, after a refusal in an earlier wave that allowed another try.
WITH people AS (
    SELECT
        nik,
        min(wave) AS applied,
        min(wave) FILTER (outcome = 'accepted') AS accepted,
        min(wave) FILTER (outcome = 'rejected' AND retry IN ('photo', 'data')) AS refused
    FROM all_waves
    GROUP BY nik
),
events AS (
    SELECT applied AS wave, 'applied' AS what FROM people
    UNION ALL SELECT accepted, 'accepted' FROM people WHERE accepted IS NOT NULL
    UNION ALL SELECT accepted, 'retried' FROM people WHERE refused < accepted
)
SELECT
    wave,
    (count(*) FILTER (what = 'applied'))::BIGINT AS applied,
    (count(*) FILTER (what = 'accepted'))::BIGINT AS accepted,
    (count(*) FILTER (what = 'retried'))::BIGINT AS retried
FROM events
GROUP BY wave
ORDER BY wave;
