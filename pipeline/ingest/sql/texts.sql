-- In: nothing. Out: the functions tidy, bare, means_yes and means_no.
-- Text as strangers write it, without the blanks and marks around it.
CREATE OR REPLACE TEMP MACRO tidy(value) AS trim(value, ' ' || chr(9) || chr(10) || chr(13) || chr(160) || chr(0) || chr(65279));
-- a spreadsheet's leading apostrophe means "this is text"
CREATE OR REPLACE TEMP MACRO bare(value) AS tidy(ltrim(tidy(value), ''''));
CREATE OR REPLACE TEMP MACRO means_yes(flag) AS flag IN ('true', 't', '1', 'yes', 'y', 'ya', 'benar');
CREATE OR REPLACE TEMP MACRO means_no(flag) AS flag IN ('false', 'f', '0', 'no', 'n', 'tidak', 'salah', '');
