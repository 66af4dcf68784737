-- In: applications. Out: one row a kind of letter.
-- The few kinds of letters that a wave needs: who has the same outcome and reasons, from a machine or a reviewer, with or
-- without a face that matched, gets the same words.
SELECT
    outcome, reasons, reviewed, coalesce(selfie_decision = 'match', false) AS matched, count(*)::BIGINT AS n
FROM applications GROUP BY ALL ORDER BY ALL;
