"""Whether a beacon's signature is right: BLS on BLS12-381, scheme ``bls-unchained-g1-rfc9380``, checked by two
libraries.

Touches no file. ``drand_verify`` (Rust) has no wheel for Python 3.13; ``py_ecc`` (pure Python, a second) is always
asked. The message of a round is SHA-256 of its number in eight bytes; the signature is a point of G1, the key of G2.
"""

from __future__ import annotations

from hashlib import sha256

#: The domain of RFC 9380 in which this scheme hashes to the curve.
DOMAIN = b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_"
SIGNATURE_BYTES = 48


def message(round_: int) -> bytes:
    """What the beacon signs of a round."""
    return sha256(round_.to_bytes(8, "big")).digest()


def verified(round_: int, signature: bytes, public_key: bytes) -> bool:
    """Whether every library that is here says that the signature is the round's. It is right only if all of them say
    so."""
    return all(answers(round_, signature, public_key).values())


def answers(round_: int, signature: bytes, public_key: bytes) -> dict[str, bool]:
    """What each library says, by its name."""
    found = {"py_ecc": by_py_ecc(round_, signature, public_key)}
    if (fast := by_drand_verify(round_, signature, public_key)) is not None:
        found["drand_verify"] = fast
    return found


def by_drand_verify(round_: int, signature: bytes, public_key: bytes) -> bool | None:
    """What drand-verify says; None where it is not installed."""
    try:
        from drand_verify import verify_bls_unchained_g1_rfc9380
    except ImportError:
        return None
    try:
        verify_bls_unchained_g1_rfc9380(round_, signature.hex(), public_key.hex())
    except ValueError:
        return False
    return True


def by_py_ecc(round_: int, signature: bytes, public_key: bytes) -> bool:
    """What py-ecc says: e(key, hash of the message) = e(generator of G2, signature), the points in their groups."""
    from py_ecc.bls.g2_primitives import subgroup_check
    from py_ecc.bls.hash_to_curve import hash_to_G1
    from py_ecc.bls.point_compression import decompress_G1, decompress_G2
    from py_ecc.optimized_bls12_381 import FQ12, G2, final_exponentiate, is_inf, neg, pairing

    if len(signature) != SIGNATURE_BYTES or len(public_key) != 2 * SIGNATURE_BYTES:
        return False
    try:
        signed = decompress_G1(int.from_bytes(signature, "big"))
        halves = public_key[:SIGNATURE_BYTES], public_key[SIGNATURE_BYTES:]
        key = decompress_G2((int.from_bytes(halves[0], "big"), int.from_bytes(halves[1], "big")))
    except ValueError:
        return False
    if is_inf(signed) or is_inf(key) or not subgroup_check(signed) or not subgroup_check(key):
        return False
    hashed = hash_to_G1(message(round_), DOMAIN, sha256)
    both = pairing(key, hashed, final_exponentiate=False) * pairing(neg(G2), signed, final_exponentiate=False)
    return bool(final_exponentiate(both) == FQ12.one())
