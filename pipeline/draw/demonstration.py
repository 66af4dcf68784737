"""The demonstration beacon: a chain of our own, of drand's scheme, whose secret key is in this module, so that anybody
can read it.

So anybody can compute every round of it, past and to come. It proves nothing and is for people who do not
exist: simulated waves, rehearsals and tests. A wave that is drawn by it says so in record, report and audit.
"""

from __future__ import annotations

from hashlib import sha256

from pipeline.draw.bls import DOMAIN, SIGNATURE_BYTES, message

#: It is not secret: SHA-256 of this sentence, modulo the order of the group.
SENTENCE = b"gelombang: the demonstration beacon has no secret"


def secret_key() -> int:
    """The key of the demonstration chain, which is public."""
    from py_ecc.optimized_bls12_381 import curve_order

    return int(int.from_bytes(sha256(SENTENCE).digest(), "big") % curve_order)


def public_key() -> bytes:
    """The public key that belongs to it, as ``beacon.py`` has it."""
    from py_ecc.bls.point_compression import compress_G2
    from py_ecc.optimized_bls12_381 import G2, multiply

    halves = compress_G2(multiply(G2, secret_key()))
    return b"".join(int(half).to_bytes(SIGNATURE_BYTES, "big") for half in halves)


def sign(round_: int) -> bytes:
    """The demonstration beacon's signature of a round."""
    from py_ecc.bls.hash_to_curve import hash_to_G1
    from py_ecc.bls.point_compression import compress_G1
    from py_ecc.optimized_bls12_381 import multiply

    point = multiply(hash_to_G1(message(round_), DOMAIN, sha256), secret_key())
    return int(compress_G1(point)).to_bytes(SIGNATURE_BYTES, "big")
