-- In: compared, listed, the rulebook's {mask} and {warned}. Out: one row an application, with its reasons as bits.
-- Every reason and warning of every application, in one pass: bit n of `mask` is reason n of the catalogue.
SELECT
    registration_id, nik, full_name, province_code, coalesce(registered_sex, sex) AS sex,
    TRY_CAST(age AS SMALLINT) AS age, selfie, photo AS reference, area, registered_kk AS kk_number,
    CASE WHEN number IN (SELECT number FROM listed) THEN 'priority' ELSE 'public' END AS tier,
    holders > 1 AS shared_nik, contested, number, registered_name, registered_birth_date,
    {mask} AS mask,
    {warned} AS warned
FROM compared
