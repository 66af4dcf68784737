-- In: wanted, {education} (all of the register or a part). Out: more rows in pupils: the wanted who are at school.
INSERT INTO pupils
SELECT as_number(nik)
FROM {education}
WHERE sought_number(nik) IN (SELECT number FROM wanted) AND lower(tidy(status)) = 'active';

DELETE FROM pupils WHERE number IS NULL;
