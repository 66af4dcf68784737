-- In: {candidates}, the parameters $inner and $outer. Out: the columns of tickets.parquet, in no order.
-- A ticket is HMAC-SHA-256 (RFC 2104) under the wave's key: $inner and $outer are the key, padded to a block. They are
-- parameters and never part of this text, which an error may show.
SELECT
    sha256($outer || unhex(sha256($inner || encode(person)))) AS ticket,
    registration_id, tier, selfie, reference, kk_number, kk_earlier
FROM read_parquet({candidates})
