"""A beacon's rounds: which one a wave waits for, two libraries that agree, and whatever else might be delivered."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.calendar import WIB, Wave
from pipeline.domain.errors import BadBeaconError
from pipeline.draw import beacon, bls, demonstration

ROUNDS = json.loads(Path(__file__).with_name("drand_rounds.json").read_text(encoding="utf-8"))["rounds"]
DRAND, DEMONSTRATION = (beacon.CHAINS[name] for name in ("drand-quicknet", "demonstration"))
KEY = bytes.fromhex(DRAND.public_key)


def wave_of(round_: int, chain: beacon.Chain = DRAND) -> Wave:
    """A wave that is drawn by this round."""
    closes = chain.moment_of(round_).replace(tzinfo=None) - timedelta(hours=24)
    return Wave(13, closes - timedelta(days=3), closes, 10, beacon=chain.name)  # type: ignore[arg-type]


def told(round_: int, signature: str, **more: Any) -> bytes:
    return json.dumps({"round": round_, "signature": signature, **more}).encode()


@pytest.mark.parametrize("known", ROUNDS, ids=lambda known: str(known["round"]))
def test_a_real_round_verifies_by_both_libraries_and_gives_its_randomness(known: dict[str, Any]) -> None:
    assert bls.answers(known["round"], bytes.fromhex(known["signature"]), KEY) == {
        "py_ecc": True,
        **({"drand_verify": True} if bls.by_drand_verify(1, b"", KEY) is not None else {}),
    }
    found = beacon.read(wave_of(known["round"]), json.dumps(known).encode())
    assert (found.round, found.randomness, found.chain) == (known["round"], known["randomness"], "drand-quicknet")


def bent(signature: str, how: str) -> str:
    """A signature as somebody might deliver it."""
    raw = bytearray.fromhex(signature)
    if how == "one bit":
        raw[-1] ^= 1
    elif how == "its negative":
        raw[0] ^= 0x20
    elif how == "infinity":
        raw = bytearray(48)
        raw[0] = 0xC0
    elif how == "not compressed":
        raw[0] &= 0x7F
    elif how == "no point":
        raw = bytearray.fromhex("bf" + "ff" * 47)
    elif how == "outside the group":  # a point of the curve, of another order
        raw = bytearray.fromhex("80" + "00" * 46 + "04")
    return raw.hex()


@pytest.mark.parametrize(
    "how", ["one bit", "its negative", "infinity", "not compressed", "no point", "outside the group"]
)
def test_a_tampered_signature_is_refused_by_both(how: str) -> None:
    known = ROUNDS[0]
    said = bls.answers(known["round"], bytes.fromhex(bent(known["signature"], how)), KEY)
    assert not any(said.values())
    with pytest.raises(BadBeaconError, match="is not that of round 1000 of drand-quicknet"):
        beacon.read(wave_of(1000), told(1000, bent(known["signature"], how)))


def test_another_round_is_refused_even_if_it_is_real_and_a_number_cannot_be_put_to_it() -> None:
    one, other = ROUNDS
    with pytest.raises(BadBeaconError, match=f"is round {other['round']} of drand-quicknet; wave 13 is drawn by 1000"):
        beacon.read(wave_of(1000), json.dumps(other).encode())  # replayed, from another wave
    said = bls.answers(one["round"], bytes.fromhex(other["signature"]), KEY)
    assert not any(said.values())
    with pytest.raises(BadBeaconError, match="signature is not that of round 1000"):
        beacon.read(wave_of(1000), told(1000, other["signature"]))


def test_a_round_of_another_chain_is_refused() -> None:
    foreign = demonstration.sign(1000).hex()
    with pytest.raises(BadBeaconError, match="signature is not that of round 1000"):
        beacon.read(wave_of(1000), told(1000, foreign))


@pytest.mark.parametrize(
    "delivered",
    [
        b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"round": 1000}', told(1000, "zz"), told(1000, "00" * 47),
        json.dumps({"round": "1000", "signature": ROUNDS[0]["signature"]}).encode(),
        json.dumps({"round": True, "signature": ROUNDS[0]["signature"]}).encode(),
        json.dumps({"round": 1 << 70, "signature": ROUNDS[0]["signature"]}).encode(),
        json.dumps({"round": 1000, "signature": 7}).encode(), b"[" * 100_000, b" " * 70_000 + b"{}",
    ],
)  # fmt: skip
def test_what_is_no_round_is_a_named_error(delivered: bytes) -> None:
    with pytest.raises(BadBeaconError, match=r"landing/wave-0013/beacon\.json"):
        beacon.read(wave_of(1000), delivered)


def test_a_randomness_that_is_told_must_be_the_signatures() -> None:
    known = ROUNDS[0]
    with pytest.raises(BadBeaconError, match="randomness"):
        beacon.read(wave_of(1000), told(1000, known["signature"], randomness="00" * 32))


def test_the_demonstration_is_a_chain_of_the_same_scheme_and_its_key_is_public() -> None:
    assert demonstration.public_key().hex() == DEMONSTRATION.public_key
    assert DEMONSTRATION.demonstration
    assert not DRAND.demonstration
    delivered = beacon.as_delivered(DEMONSTRATION, 5)
    assert json.loads(delivered)["demonstration"] is True
    found = beacon.read(wave_of(5, DEMONSTRATION), delivered)
    assert found.randomness == sha256(bytes.fromhex(found.signature)).hexdigest()
    assert set(bls.answers(5, demonstration.sign(5), bytes.fromhex(DEMONSTRATION.public_key)).values()) == {True}
    with pytest.raises(ValueError, match="signs its rounds itself"):
        beacon.as_delivered(DRAND, 5)


@pytest.mark.parametrize(
    ("moment", "round_"),
    [
        ("2023-08-23T22:09:27", 1),  # genesis, in WIB
        ("2023-08-23T22:09:27.000001", 2),
        ("2023-08-23T22:09:30", 2),
        ("2023-08-23T22:59:24", 1000),
        ("2020-01-01T00:00:00", 1),
    ],
)
def test_the_round_is_the_first_at_or_after_the_moment(moment: str, round_: int) -> None:
    assert DRAND.round_at(datetime.fromisoformat(moment)) == round_


@given(st.datetimes(datetime(2023, 9, 1), datetime(2100, 1, 1)))
def test_no_earlier_round_is_at_or_after_the_moment(moment: datetime) -> None:
    round_ = DRAND.round_at(moment)
    assert DRAND.moment_of(round_ - 1) < moment.replace(tzinfo=WIB) <= DRAND.moment_of(round_)


def test_hours_after_closing_move_the_round() -> None:
    wave = wave_of(1000)
    assert beacon.round_of(wave) == 1000
    assert beacon.round_of(replace(wave, beacon_after=25.0)) == 1000 + 1200
    assert beacon.round_of(replace(wave, beacon_after=24.0005)) == 1001
