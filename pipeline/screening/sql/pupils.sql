-- In: {found}, the wanted in the education register. Out: more rows in pupils: those of them who are at school.
INSERT INTO pupils
SELECT as_number(nik)
FROM {found}
WHERE status = 'active' OR lower(tidy(status)) = 'active';

DELETE FROM pupils WHERE number IS NULL;
