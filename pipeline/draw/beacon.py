"""Public randomness that cannot be chosen: which round of a beacon draws a wave, and whether the delivered bytes are
that round.

Reads the bytes of ``landing/<wave>/beacon.json`` and asks no network: a round's signature is verified under the chain's
public key, which is in this module. A beacon publishes one round each few seconds. A round cannot be known before its
time.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from pipeline.domain.calendar import WIB, Wave
from pipeline.domain.errors import BadBeaconError
from pipeline.draw import bls, demonstration

#: A beacon's file is a few hundred bytes; a larger one is not read.
_LARGEST = 65_536


@dataclass(frozen=True)
class Chain:
    """A beacon: its public key (hex), the moment of its first round (Unix time), the seconds between two rounds."""

    name: str
    public_key: str
    genesis: int
    period: int
    source: str
    demonstration: bool = False

    def round_at(self, moment: datetime) -> int:
        """The first round at or after a moment; a moment without an offset is WIB."""
        at = moment if moment.tzinfo else moment.replace(tzinfo=WIB)
        since = at - self._first
        return max(1, -(-since // timedelta(seconds=self.period)) + 1)

    def moment_of(self, round_: int) -> datetime:
        """When a round is published, in WIB."""
        return (self._first + timedelta(seconds=self.period * (round_ - 1))).astimezone(WIB)

    @property
    def _first(self) -> datetime:
        return datetime.fromtimestamp(self.genesis, tz=WIB)


CHAINS = {
    chain.name: chain
    for chain in (
        Chain(
            "drand-quicknet",
            "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d1064510d1fec758c"
            "921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a",
            genesis=1_692_803_367,
            period=3,
            source="drand, League of Entropy, chain 52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971: "
            "https://api.drand.sh/52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971/info",
        ),
        Chain(
            "demonstration",
            "a15ce381b872a202ad16d693c58f01ac01dc8fc226f919d2d5e4d0436a60471e1cd1970771510c5af20505c97b4e54ef1146193e25"
            "e196111a9d89423a6aa6fe3291f1224c2cbe82012fe94797dc288a5046b62b0870a0462646317d7203316d",
            genesis=0,
            period=3,
            source="pipeline/draw/demonstration.py: everybody can compute its rounds; for people who do not exist",
            demonstration=True,
        ),
    )
}


@dataclass(frozen=True)
class Beacon:
    """One verified round: the signature in hex, and the randomness, which is the signature's SHA-256."""

    chain: str
    round: int
    signature: str
    randomness: str


def chain_of(wave: Wave) -> Chain:
    """The beacon that a wave's calendar names."""
    return CHAINS[wave.beacon]


def round_of(wave: Wave) -> int:
    """The round by which a wave is drawn."""
    return chain_of(wave).round_at(wave.beacon_due)


def landing_key(wave: Wave) -> str:
    """Where the wave's round is to be put, below the data root."""
    return f"landing/{wave.key}/beacon.json"


def as_delivered(chain: Chain, round_: int) -> bytes:
    """``beacon.json`` of the demonstration beacon: what a beacon's server would answer."""
    if not chain.demonstration:
        raise ValueError(f"{chain.name} signs its rounds itself")
    signature = demonstration.sign(round_)
    record = {"round": round_, "signature": signature.hex(), "randomness": sha256(signature).hexdigest()}
    return (json.dumps({**record, "demonstration": True}, indent=2) + "\n").encode()


def read(wave: Wave, delivered: bytes) -> Beacon:
    """The round that was delivered for a wave, verified. Raises BadBeaconError."""
    wanted, where = round_of(wave), landing_key(wave)
    round_, signature, claimed = _parsed(delivered, where)
    if round_ != wanted:
        raise BadBeaconError(f"{where} is round {round_} of {wave.beacon}; wave {wave.number} is drawn by {wanted}.")
    if not bls.verified(round_, signature, bytes.fromhex(chain_of(wave).public_key)):
        raise BadBeaconError(f"{where}: the signature is not that of round {round_} of {wave.beacon}.")
    randomness = sha256(signature).hexdigest()
    if claimed is not None and claimed != randomness:
        raise BadBeaconError(f"{where}: the randomness is not the SHA-256 of the signature of round {round_}.")
    return Beacon(wave.beacon, round_, signature.hex(), randomness)


def _parsed(delivered: bytes, where: str) -> tuple[int, bytes, Any]:
    """Round, signature and, where it is there, the randomness of a delivered file."""
    try:
        if len(delivered) > _LARGEST:
            raise ValueError("it is far too large")
        raw = json.loads(delivered.decode("utf-8-sig"))
        round_, signature = raw["round"], bytes.fromhex(raw["signature"])
        if type(round_) is not int or not 0 < round_ < 1 << 63:
            raise ValueError("its round is not a number of one")
        if len(signature) != bls.SIGNATURE_BYTES:
            raise ValueError(f"its signature does not have {bls.SIGNATURE_BYTES} bytes")
    except (ValueError, KeyError, TypeError, RecursionError) as e:
        raise BadBeaconError(f"{where} cannot be read as a beacon's round: {type(e).__name__}: {e}.") from e
    return round_, signature, raw.get("randomness")
