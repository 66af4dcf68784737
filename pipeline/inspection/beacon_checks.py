"""The part of an audit that only a wave with a beacon has: commitment, frozen list, round, randomness, seed.

Written for an outsider: it follows the contract's text ("The draw, second form"). Of the pipeline's draw it
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
from pipeline.inspection.difference import Difference, difference

_NEEDED = ("wave", "beacon", "round", "signature", "randomness")
_COMMITTED = ("wave", "quota", "priority_share", "selfie", "refill", "beacon", "round")
_FROZEN = ("wave", "list_sha256", "list_merkle_sha256", "priority_sha256", "beacon", "round")

Found = Iterator[Difference]


def differences(folder: Path, record: dict[str, Any], published: Path | None) -> Found:
    """The differences of a draw from its commitment, its frozen list and its beacon."""
    if missing := [name for name in _NEEDED if name not in record]:
        yield difference("draw.json", "not_said", name=missing[0])
        return
    yield from _round_differences(record)
    yield from _published_differences(folder / "commitment.json", record, _COMMITTED, "committed")
    if published is None:
        return
    yield from _published_differences(published / "commitment.json", record, _COMMITTED, "committed")
    yield from _published_differences(published / "list" / "list.json", record, _FROZEN, "frozen")
    pairs = [("commitment.json", "commitment.json"), ("eligible.txt", "list/eligible.txt")]
    for name, other in [*pairs, ("priority.txt", "list/priority.txt")]:
        mine, theirs = folder / name, published / other
        if mine.is_file() and theirs.is_file() and mine.read_bytes() != theirs.read_bytes():
            yield difference(name, "not_the_published", path=f"published/{published.name}/{other}")
        elif not theirs.is_file():
            yield difference(f"published/{published.name}/{other}", "gone")


def _round_differences(record: dict[str, Any]) -> Found:
    """The differences in signature, randomness and seed."""
    chain = CHAINS.get(record["beacon"])
    try:
        signature = bytes.fromhex(record["signature"])
    except (TypeError, ValueError):
        signature = b""
    if chain is None:
        yield difference("draw.json", "beacon_unknown", beacon=record["beacon"])
    else:
        answered = answers(int(record["round"]), signature, bytes.fromhex(chain.public_key))
        for library, right in answered.items():
            if not right:
                yield difference("draw.json", "signature", round=record["round"], chain=chain.name, library=library)
        if bool(record.get("demonstration")) != chain.demonstration:
            said = record.get("demonstration")
            yield difference("draw.json", "demonstration", found=said, chain=chain.name, right=chain.demonstration)
    if (randomness := sha256(signature).hexdigest()) != record["randomness"]:
        yield difference("draw.json", "randomness", found=record["randomness"], right=randomness)
    parts = ("gelombang/2", record["wave"], record["list_sha256"], record["priority_sha256"], randomness)
    if (seed := sha256(":".join(parts).encode()).hexdigest()) != record["seed"]:
        yield difference("draw.json", "seed", found=record["seed"], right=seed)


def _published_differences(path: Path, record: dict[str, Any], names: tuple[str, ...], finding: str) -> Found:
    """The differences of the record of the draw from a file that was published before the draw."""
    where = path.name if path.parent.name != "list" else f"list/{path.name}"
    try:
        published = dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        yield difference(where, "unreadable", path=path)
        return
    for name in names:
        if published.get(name) != record[name]:
            yield difference(where, finding, name=name, found=record[name], published=published.get(name))
