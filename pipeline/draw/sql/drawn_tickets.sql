-- In: the table ordered, {beyond}, $selfie mode, $priority and $public places. Out: drawn.parquet, in draw order.
-- Everyone on the list but those whose family card is full. `position` counts the whole list, so it may leave some out;
-- places are counted without them.
SELECT
    position, registration_id, tier, selfie, reference,
    CASE $selfie WHEN 'off' THEN false WHEN 'before_draw' THEN true
         ELSE place <= CASE tier WHEN 'priority' THEN $priority ELSE $public END
    END AS to_verify,
    ticket
FROM (
    SELECT *, row_number() OVER (PARTITION BY tier ORDER BY position) AS place
    FROM ordered
    WHERE position NOT IN (SELECT position FROM {beyond})
)
ORDER BY position
