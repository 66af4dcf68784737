-- In: wanted, {bansos} (all of the register or a part). Out: more rows in recipients: the wanted who get social assistance.
INSERT INTO recipients
SELECT as_number(nik), upper(trim(programme)) IS NOT DISTINCT FROM 'BSU'
FROM {bansos}
WHERE try_cast(nik AS BIGINT) IN (SELECT number FROM wanted) AND lower(trim(status)) = 'active';

DELETE FROM recipients WHERE number IS NULL;
