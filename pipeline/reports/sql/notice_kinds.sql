-- The few kinds of letters that a wave needs: applications with the same outcome and reasons get the same words.
SELECT outcome, reasons, count(*)::BIGINT AS n FROM applications GROUP BY ALL ORDER BY ALL;
