-- In: {found}, the wanted in the social assistance register. Out: more rows in recipients: those of them who get it.
INSERT INTO recipients
SELECT as_number(nik), regexp_replace(upper(programme), '[^A-Z0-9]', '', 'g') IS NOT DISTINCT FROM 'BSU'
FROM {found}
WHERE status = 'active' OR lower(tidy(status)) = 'active';

DELETE FROM recipients WHERE number IS NULL;
