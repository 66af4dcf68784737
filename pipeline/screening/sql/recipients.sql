-- In: wanted, {bansos} (all of the register or a part). Out: more rows in recipients: the wanted who get social assistance.
INSERT INTO recipients
SELECT as_number(nik), regexp_replace(upper(programme), '[^A-Z0-9]', '', 'g') IS NOT DISTINCT FROM 'BSU'
FROM {bansos}
WHERE sought_number(nik) IN (SELECT number FROM wanted) AND lower(tidy(status)) = 'active';

DELETE FROM recipients WHERE number IS NULL;
