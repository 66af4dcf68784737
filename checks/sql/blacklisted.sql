-- In: {cohort}, {blacklist}, $day. Out: how many accepted people were on the blacklist by that day.
-- Accepted people who were on the programme's blacklist by the closing day ($day); an undated entry counts.
SELECT count(*) AS blacklisted FROM {cohort}
WHERE as_number(nik) IN (
    SELECT as_number(nik) FROM {blacklist}
    WHERE as_number(nik) > 0 AND (since IS NULL OR CAST(since AS DATE) <= $day)
)
