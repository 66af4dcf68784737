-- In: {ordered} in draw order, {beyond}, $selfie mode, $priority and $public last positions. Out: drawn.parquet, in draw order.
-- Everyone on the list but those whose family card is full. `position` counts the whole list, so it leaves some out; $priority
-- and $public are the positions of the last person of each tier who holds a place. Read and written in the order of the file.
SELECT
    position, registration_id, tier, selfie, reference,
    CASE $selfie WHEN 'off' THEN false WHEN 'before_draw' THEN true
         ELSE position <= CASE tier WHEN 'priority' THEN $priority ELSE $public END
    END AS to_verify,
    ticket
FROM {ordered}
WHERE position NOT IN (SELECT position FROM {beyond})
