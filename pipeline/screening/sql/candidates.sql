-- In: judged, earlier_families, $with_families. Out: candidates.parquet, one row an eligible application.
-- What the list and the draw of a wave with a beacon are made from. `person` is what a ticket is made of: the NIK's sixteen
-- digits, and where the register gives the NIK to several people also the name and the birth date as the register has them.
SELECT
    registration_id, tier, selfie, reference,
    format('{:016d}', number) || CASE WHEN shared_nik
        THEN '|' || coalesce(registered_name, '') || '|' || coalesce(strftime(registered_birth_date, '%Y-%m-%d'), '')
        ELSE '' END AS person,
    CASE WHEN $with_families THEN kk_number END AS kk_number,
    CASE WHEN $with_families THEN coalesce(earlier, 0) ELSE 0 END AS kk_earlier
FROM judged LEFT JOIN earlier_families USING (kk_number)
WHERE mask = 0
