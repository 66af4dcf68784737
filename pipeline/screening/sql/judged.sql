-- Every reason and warning of every application, in one pass: bit n of `mask` is reason n of the catalogue.
CREATE OR REPLACE TABLE judged AS
SELECT
    a.registration_id, a.nik, a.full_name, a.province_code, coalesce(p.sex, a.sex) AS sex, p.age, a.selfie,
    p.photo AS reference, p.kk_number,
    CASE WHEN a.number IN (SELECT number FROM listed) THEN 'priority' ELSE 'public' END AS tier,
    sha256($seed || ':' || a.registration_id) AS draw,
    {mask} AS mask,
    {warned} AS warned
FROM applications a LEFT JOIN persons p USING (registration_id);
