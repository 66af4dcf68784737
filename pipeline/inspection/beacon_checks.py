"""The part of an audit that only a wave with a beacon has: commitment, frozen list, round, randomness, seed.

Written to be read by an outsider: the contract's text ("The draw, second form") once more. Of the pipeline's draw it
shares only the chains' public keys and the two libraries that verify a signature.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from pipeline.draw.beacon import CHAINS
from pipeline.draw.bls import answers

_NEEDED = ("wave", "beacon", "round", "signature", "randomness")
_COMMITTED = ("wave", "quota", "priority_share", "selfie", "refill", "beacon", "round")
_FROZEN = ("wave", "list_sha256", "list_merkle_sha256", "priority_sha256", "beacon", "round")

Found = Iterator[tuple[str, str]]


def differences(folder: Path, record: dict[str, Any], published: Path | None) -> Found:
    """Where and how a draw is not the one that was committed to, frozen and drawn by the beacon."""
    if missing := [name for name in _NEEDED if name not in record]:
        yield "draw.json", f"does not say its {missing[0]}"
        return
    yield from _of_the_round(record)
    yield from _as_told(folder / "commitment.json", record, _COMMITTED, "committed was")
    if published is None:
        return
    yield from _as_told(published / "commitment.json", record, _COMMITTED, "committed was")
    yield from _as_told(published / "list" / "list.json", record, _FROZEN, "frozen was")
    pairs = [("commitment.json", "commitment.json"), ("eligible.txt", "list/eligible.txt")]
    for name, other in [*pairs, ("priority.txt", "list/priority.txt")]:
        mine, theirs = folder / name, published / other
        if mine.is_file() and theirs.is_file() and mine.read_bytes() != theirs.read_bytes():
            yield name, f"is not published/{published.name}/{other}"
        elif not theirs.is_file():
            yield f"published/{published.name}/{other}", "is missing"


def _of_the_round(record: dict[str, Any]) -> Found:
    """Signature, randomness and seed."""
    chain = CHAINS.get(record["beacon"])
    try:
        signature = bytes.fromhex(record["signature"])
    except (TypeError, ValueError):
        signature = b""
    if chain is None:
        yield "draw.json", f"the beacon {record['beacon']!r} is not known"
    else:
        said = answers(int(record["round"]), signature, bytes.fromhex(chain.public_key))
        for library, right in said.items():
            if not right:
                yield "draw.json", f"the signature is not that of round {record['round']} of {chain.name} ({library})"
        if bool(record.get("demonstration")) != chain.demonstration:
            yield (
                "draw.json",
                f"demonstration is {record.get('demonstration')!r}, of {chain.name} it is {chain.demonstration}",
            )
    if (randomness := sha256(signature).hexdigest()) != record["randomness"]:
        yield "draw.json", f"randomness is {record['randomness']}, the signature gives {randomness}"
    parts = ("gelombang/2", record["wave"], record["list_sha256"], record["priority_sha256"], randomness)
    if (seed := sha256(":".join(parts).encode()).hexdigest()) != record["seed"]:
        yield "draw.json", f"seed is {record['seed']}, lists and randomness give {seed}"


def _as_told(path: Path, record: dict[str, Any], names: tuple[str, ...], what: str) -> Found:
    """A file that was published earlier, against the record of the draw."""
    where = path.name if path.parent.name != "list" else f"list/{path.name}"
    try:
        told = dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        yield where, f"cannot be read: {path}"
        return
    for name in names:
        if told.get(name) != record[name]:
            yield where, f"{name} is {record[name]!r} in draw.json, {what} {told.get(name)!r}"
