-- In: asked, {registrations}, $asked, $screened, $full (bits), $limit. Out: one row a person whose card could be full.
-- $asked are the bits that refuse in the question, $screened those by which kk_limit was judged, $full is its own.
-- Everybody in the draw whose family card has more members in it than places left. How many are left is known where screening
-- found the card full: members less those refused. Where it did not, no earlier recipient is known.
WITH members AS (
    SELECT a.*, r.kk_number, (mask & $screened) = 0 AS was, (mask & $asked) = 0 AS is_in
    FROM asked a JOIN {registrations} r USING (registration_id)
    WHERE r.kk_number IS NOT NULL AND ((mask & $screened) = 0 OR (mask & $asked) = 0)
),
cards AS (
    SELECT
        kk_number,
        CASE WHEN count_if(was AND mask & $full <> 0) > 0 THEN count_if(was AND mask & $full = 0) ELSE $limit END AS places
    FROM members
    GROUP BY kk_number
    HAVING count_if(is_in) > places
)
SELECT dense_rank() OVER (ORDER BY kk_number) - 1 AS family, places, province, sex, age, tier, area, photo
FROM members JOIN cards USING (kk_number)
WHERE is_in
ORDER BY kk_number, registration_id
