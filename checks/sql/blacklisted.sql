-- Accepted people who stood on the programme's blacklist by the closing day ($day); an undated entry counts.
SELECT count(*) AS blacklisted FROM {cohort}
WHERE try_cast(nik AS BIGINT) IN (
    SELECT try_cast(nik AS BIGINT) FROM {blacklist}
    WHERE try_cast(nik AS BIGINT) IS NOT NULL AND (since IS NULL OR CAST(since AS DATE) <= $day)
)
