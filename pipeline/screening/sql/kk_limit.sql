-- In: judged, earlier_families, $limit, $bit. Out: judged, with the bit set beyond the limit of a family card.
-- At most $limit recipients a family card: among those without another reason, the members that come first in the
-- draw keep the place. Recipients of earlier waves come before all. Of a wave with a beacon the draw itself does this
-- (draw/full_cards.py): its list is fixed before there is a seed.
UPDATE judged SET mask = mask | (1 << $bit)
FROM (
    SELECT registration_id
    FROM (
        SELECT
            registration_id,
            row_number() OVER (PARTITION BY kk_number ORDER BY tier, draw_of(registration_id), registration_id)
                + coalesce(earlier, 0) AS place
        FROM judged
        LEFT JOIN earlier_families USING (kk_number)
        WHERE mask = 0 AND kk_number IS NOT NULL
    )
    WHERE place > $limit
) AS beyond
WHERE judged.registration_id = beyond.registration_id;
