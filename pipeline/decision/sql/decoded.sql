-- In: {screened}, $codes and $warning_codes in bit order. Out: the view screened with lists of reasons and warnings.
-- What screening says, its masks decoded, each combination once; reasons are in catalogue order because the bits are.
CREATE OR REPLACE TABLE reasons_of AS
SELECT mask, list_filter($codes, lambda code, i: (mask >> (i - 1)) & 1 = 1) AS reasons
FROM (SELECT DISTINCT mask FROM {screened});

CREATE OR REPLACE TABLE warnings_of AS
SELECT warned, list_filter($warning_codes, lambda code, i: (warned >> (i - 1)) & 1 = 1) AS warnings
FROM (SELECT DISTINCT warned FROM {screened});

CREATE OR REPLACE VIEW screened AS
FROM {screened} JOIN reasons_of USING (mask) JOIN warnings_of USING (warned);
