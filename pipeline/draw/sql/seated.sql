-- In: {line} with registration_id, position, tier, area; {own}, $priority, $public, $more. Out: who of it has a place.
-- Quotas by area: an area's own people first, each tier in the order of the draw; then everybody who is left, in that order.
-- $priority and $public are the places of the rest. $more is added to each number of places: who would have one then.
SELECT registration_id, position
FROM (
    SELECT *, row_number() OVER (PARTITION BY tier, at_home ORDER BY position) AS queue
    FROM (
        SELECT l.*, coalesce(in_area <= o.places + $more, false) AS at_home
        FROM (
            SELECT
                registration_id, position, tier, area,
                row_number() OVER (PARTITION BY area, tier ORDER BY position) AS in_area
            FROM {line}
        ) l
        LEFT JOIN ({own}) o USING (area, tier)
    )
)
WHERE at_home OR queue <= $more + CASE tier WHEN 'priority' THEN $priority ELSE $public END
