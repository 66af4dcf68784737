"""Draws a finished wave again from its published lists and its seed, and says where the cohort differs.

Written to be read by an outsider: it shares no code with the pipeline's draw, only the contract's text ("The draw").
Reads ``DATA/waves/wave-NNNN`` and nothing else; writes nothing. docs/explanation/draw.md has a shell recipe of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

FELL_OUT = ("rejected", "review")


@dataclass(frozen=True)
class Difference:
    """One place where the outputs are not what the lists and the seed give."""

    where: str
    what: str


@dataclass
class Audit:
    """What was drawn again, and every difference that was found."""

    seed: str
    listed: int = 0
    accepted: int = 0
    differences: list[Difference] = field(default_factory=list)

    @property
    def same(self) -> bool:
        """Whether the outputs are exactly what the lists and the seed give."""
        return not self.differences

    def add(self, where: str, what: str) -> None:
        """Notes a difference."""
        self.differences.append(Difference(where, what))


def audit(folder: Path, announced: dict[str, Any]) -> Audit:
    """Draws a wave again.

    ``announced`` is what is known from elsewhere and must be found in the record: ``seed``, ``quota``,
    ``priority_share``, ``selfie``, ``refill`` – any of them, as the calendar or an announcement has them.
    """
    record = json.loads((folder / "draw.json").read_text(encoding="utf-8"))
    found = Audit(record["seed"])
    _compare_records(found, record, folder, announced)
    eligible, first = _read_list(found, folder, record, "eligible"), _read_list(found, folder, record, "priority")
    found.listed = len(eligible)
    for id_ in sorted(set(first) - set(eligible)):
        found.add("priority.txt", f"{id_} is listed by a ministry, and is not on the list")
    order = draw_again(record["seed"], eligible, set(first))
    decided = {row["registration_id"]: row for row in _rows(folder, "decisions")}
    _compare_decisions(found, decided, order, set(first))
    fell_out = {id_ for id_, row in decided.items() if row["outcome"] in FELL_OUT}
    expected = seats(record, order, set(first), fell_out)
    cohort = _rows(folder, "cohort")
    found.accepted = len(cohort)
    _compare_order(found, "cohort.parquet", cohort, "rank", {id_: n for n, id_ in enumerate(expected, 1)})
    placed = set(expected) | fell_out
    waiting = {id_: n for n, id_ in enumerate(order, 1) if id_ not in placed}
    _compare_order(found, "reserve.parquet", _rows(folder, "reserve"), "position", waiting)
    return found


def draw_again(seed: str, eligible: list[str], listed: set[str]) -> list[str]:
    """Everyone eligible in the order of the draw: those listed first, each tier by (SHA-256 of ``seed:id``, id)."""
    return sorted(eligible, key=lambda id_: (id_ not in listed, _draw(seed, id_), id_))


def seats(record: dict[str, Any], order: list[str], listed: set[str], fell_out: set[str]) -> list[str]:
    """Who has a place, in rank order. ``fell_out``: whom the selfie check refused or sent to a reviewer."""
    if record["selfie"] == "after_draw" and not record["refill"]:
        return [id_ for id_ in _first(record, order, listed) if id_ not in fell_out]
    return _first(record, [id_ for id_ in order if id_ not in fell_out], listed)


def _first(record: dict[str, Any], line: list[str], listed: set[str]) -> list[str]:
    """The first of each tier: the priority tier holds its share of the quota, and what one leaves goes to the other."""
    quota = record["quota"]
    tiers = [id_ for id_ in line if id_ in listed], [id_ for id_ in line if id_ not in listed]
    kept = int(Decimal(quota) * Decimal(str(record["priority_share"])))
    of_public = quota - min(kept, len(tiers[0]))
    of_priority = quota - min(of_public, len(tiers[1]))
    return tiers[0][:of_priority] + tiers[1][:of_public]


def merkle_root(lines: list[str]) -> str:
    """The root of RFC 6962 over the list, level by level."""
    level = [sha256(b"\x00" + line.encode()).digest() for line in lines]
    while len(level) > 1:
        pairs = [level[n : n + 2] for n in range(0, len(level), 2)]
        level = [sha256(b"\x01" + pair[0] + pair[1]).digest() if len(pair) == 2 else pair[0] for pair in pairs]
    return level[0].hex() if level else sha256(b"").hexdigest()


def _compare_records(found: Audit, record: dict[str, Any], folder: Path, announced: dict[str, Any]) -> None:
    for key, value in announced.items():
        if record[key] != value:
            found.add("draw.json", f"{key} is {record[key]!r}, announced was {value!r}")
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    for key in ("seed", "quota", "list_sha256", "priority_share", "selfie", "refill"):
        if manifest[key] != record[key]:
            found.add("manifest.json", f"{key} is {manifest[key]!r}, in draw.json it is {record[key]!r}")
    for entry in manifest["outputs"]:
        path = folder / entry["file"]
        if not path.is_file():
            found.add(entry["file"], "is missing; the manifest lists it")
            continue
        with path.open("rb") as file:
            digest = file_digest(file, "sha256").hexdigest()
        if digest != entry["sha256"]:
            found.add(entry["file"], "is not the file that the manifest describes")


def _read_list(found: Audit, folder: Path, record: dict[str, Any], name: str) -> list[str]:
    text = (folder / f"{name}.txt").read_bytes()
    ids = text.decode().split("\n")[:-1]
    key = {"eligible": "list_sha256", "priority": "priority_sha256"}[name]
    if (digest := sha256(text).hexdigest()) != record[key]:
        found.add(f"{name}.txt", f"has the hash {digest}, published was {record[key]}")
    if [id_.encode() for id_ in ids] != sorted({id_.encode() for id_ in ids}):
        found.add(f"{name}.txt", "is not sorted, or names someone twice")
    if name == "eligible" and merkle_root(ids) != record["list_merkle_sha256"]:
        found.add(f"{name}.txt", "does not have the Merkle root that was published")
    return ids


def _compare_decisions(found: Audit, decided: dict[str, Any], order: list[str], listed: set[str]) -> None:
    for position, id_ in enumerate(order, 1):
        row = decided.get(id_)
        if row is None:
            found.add("decisions.parquet", f"{id_} is on the list, and there is no decision")
            continue
        wanted = {
            "position": position,
            "draw": _draw(found.seed, id_),
            "tier": "priority" if id_ in listed else "public",
        }
        for key, value in wanted.items():
            if row[key] != value:
                found.add("decisions.parquet", f"{id_} has {key} {row[key]}, the draw gives {value}")
    on_list = set(order)
    for id_, row in decided.items():
        if id_ not in on_list and row["outcome"] != "rejected":
            found.add("decisions.parquet", f"{id_} is {row['outcome']}, and is not on the list")


def _compare_order(found: Audit, file: str, rows: list[dict[str, Any]], number: str, expected: dict[str, int]) -> None:
    """Rows against who should stand where."""
    seen: set[str] = set()
    for place, row in enumerate(rows, 1):
        id_ = row["registration_id"]
        if id_ in seen:
            found.add(file, f"row {place}: {id_} stands there a second time")
        elif id_ not in expected:
            found.add(file, f"row {place}: {id_} has {number} {row[number]}, and the draw does not put them here")
        elif row[number] != expected[id_]:
            found.add(file, f"row {place}: {id_} has {number} {row[number]}, the draw gives {expected[id_]}")
        elif row["draw"] != (value := _draw(found.seed, id_)):
            found.add(file, f"row {place}: {id_} has the draw {row['draw']}, the seed gives {value}")
        seen.add(id_)
    for id_, place in expected.items():
        if id_ not in seen:
            found.add(file, f"{id_} is missing; the draw gives {number} {place}")
    numbers = [row[number] for row in rows]
    if numbers != sorted(numbers):
        found.add(file, f"is not in the order of {number}")


def _draw(seed: str, registration_id: str) -> str:
    return sha256(f"{seed}:{registration_id}".encode()).hexdigest()


def _rows(folder: Path, name: str) -> list[dict[str, Any]]:
    columns = {"decisions": ["registration_id", "outcome", "tier", "draw", "position"]}
    columns |= {"cohort": ["registration_id", "rank", "draw"], "reserve": ["registration_id", "position", "draw"]}
    rows: Iterator[dict[str, Any]] = (
        row
        for batch in pq.ParquetFile(folder / f"{name}.parquet").iter_batches(columns=columns[name])
        for row in batch.to_pylist()
    )
    return list(rows)
