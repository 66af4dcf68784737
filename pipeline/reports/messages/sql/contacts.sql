-- In: {registrations}. Out: the view contacts, one row an application, with confirmed phone and e-mail, and the language.
-- What was not confirmed may be anybody's. A phone is digits with the country's code before them.
CREATE OR REPLACE TEMP VIEW contacts AS
SELECT
    registration_id,
    CASE WHEN phone_verified
        THEN nullif(regexp_replace(regexp_replace(phone, '[^0-9]', '', 'g'), '^0', '62'), '') END AS phone,
    CASE WHEN email_verified THEN email END AS email,
    language
FROM {registrations};
