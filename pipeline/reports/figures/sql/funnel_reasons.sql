-- In: applications. Out: one row a step and reason.
-- Reasons of those who left, by the step they left at; reasons of later steps are in the table too.
-- Sets of reasons are few, applications many: count the sets, then open them.
WITH sets AS (
    SELECT step, reasons, count(*) AS n FROM applications WHERE outcome IN ('rejected', 'review') GROUP BY ALL
),
opened AS (SELECT step, unnest(reasons) AS code, n FROM sets)
SELECT step, code, sum(n)::BIGINT AS n FROM opened GROUP BY ALL ORDER BY ALL;
