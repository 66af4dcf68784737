-- In: {candidates}, the parameters $inner and $outer. Out: tickets.parquet, in the order of the tickets.
-- A ticket is HMAC-SHA-256 (RFC 2104) under the wave's key: $inner and $outer are the key, padded to a block. They are
-- parameters and never part of this text, which an error may show. Sorted by the first 120 bits as two numbers.
SELECT ticket, registration_id, tier, selfie, reference, kk_number, kk_earlier
FROM (
    SELECT *, sha256($outer || unhex(sha256($inner || encode(person)))) AS ticket
    FROM read_parquet({candidates})
)
ORDER BY CAST('0x' || substr(ticket, 1, 15) AS BIGINT), CAST('0x' || substr(ticket, 16, 15) AS BIGINT)
