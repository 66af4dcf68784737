-- In: judged, people, accepted, several, $limit, $bit. Out: judged, with the bit set beyond the limit of a family card.
-- At most $limit recipients a family card: among those whom nothing else refuses, the members that stand first in the
-- draw keep the place. Recipients of earlier waves come before all; where several people hold a recipient's NIK, it is the
-- one of the recipient's name, as far as the earlier cohort gives it.
UPDATE judged SET mask = mask | (1 << $bit)
FROM (
    SELECT registration_id
    FROM (
        SELECT
            registration_id,
            row_number() OVER (PARTITION BY kk_number ORDER BY tier, draw_of(registration_id), registration_id)
                + coalesce(earlier, 0) AS place
        FROM judged
        LEFT JOIN (
            SELECT kk_number, count(DISTINCT person) AS earlier
            FROM (SELECT key AS person, kk_number FROM people WHERE key > 0 UNION ALL SELECT key, kk_number FROM doubles)
            WHERE person IN (SELECT person FROM earlier)
            GROUP BY kk_number
        ) USING (kk_number)
        WHERE mask = 0 AND kk_number IS NOT NULL
    )
    WHERE place > $limit
) AS beyond
WHERE judged.registration_id = beyond.registration_id;
