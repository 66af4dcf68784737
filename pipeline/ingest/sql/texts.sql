-- In: nothing. Out: the functions means_yes and means_no.
-- Takes a bare text (storage/sql/blanks.sql) in small letters.
CREATE OR REPLACE TEMP MACRO means_yes(flag) AS flag IN ('true', 't', '1', 'yes', 'y', 'ya', 'benar');
CREATE OR REPLACE TEMP MACRO means_no(flag) AS flag IN ('false', 'f', '0', 'no', 'n', 'tidak', 'salah', '');
