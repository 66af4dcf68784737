"""Draws a finished wave again from its published lists and its seed, and says where the cohort differs.

Written to be read by an outsider: it shares no code with the pipeline's draw, only the contract's text ("The draw").
Reads ``DATA/waves/wave-NNNN`` and nothing else; writes nothing. docs/explanation/draw.md has a shell recipe of it.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.domain.errors import UnreadableFileError
from pipeline.inspection import beacon_checks

Row = dict[str, Any]
FELL_OUT = ("rejected", "review")
_IN_BOTH = ("seed", "quota", "list_sha256", "priority_share", "selfie", "refill")
_DRAWN_WITH = {*_IN_BOTH, "seed_source", "list_merkle_sha256", "priority_sha256"}
#: What stands on the list: applications, and in the second form (a wave with a beacon) tickets.
_ENTRIES = {1: "registration_id", 2: "ticket"}
NEEDED = ("eligible.txt", "priority.txt", "decisions.parquet", "cohort.parquet", "reserve.parquet")


@dataclass(frozen=True)
class Difference:
    """One place where the outputs are not what the lists and the seed give."""

    where: str
    what: str


@dataclass
class Audit:
    """What was drawn again, and every difference that was found."""

    seed: str
    form: int = 1
    demonstration: bool = False
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


def audit(folder: Path, announced: dict[str, Any], published: Path | None = None) -> Audit:
    """Draws a wave again.

    ``announced`` is what is known from elsewhere and must be found in the record: ``seed``, ``quota``,
    ``priority_share``, ``selfie``, ``refill``, ``beacon``, ``round`` – any of them, as the calendar or an announcement
    has them. ``published``: where the commitment and the frozen list of a wave with a beacon were published.
    """
    record, manifest = _record(folder, "draw"), _record(folder, "manifest")
    found = Audit(record["seed"], record.get("form", 1), bool(record.get("demonstration")))
    if found.form == 2:
        for where, what in beacon_checks.differences(folder, record, published):
            found.add(where, what)
    _compare_records(found, record, manifest, folder, announced)
    if missing := [name for name in NEEDED if not (folder / name).is_file()]:
        found.add(missing[0], "is missing: nothing can be drawn again without it")
        return found
    eligible, first = _read_list(found, folder, record, "eligible"), _read_list(found, folder, record, "priority")
    found.listed = len(eligible)
    for id_ in sorted(set(first) - set(eligible)):
        found.add("priority.txt", f"{id_} is listed by a ministry, and is not on the list")
    order = draw_again(record["seed"], eligible, set(first))
    positions = {id_: position for position, id_ in enumerate(order, 1)}
    entry = _ENTRIES[found.form]
    outcomes, full = _compare_decisions(found, _rows(folder, "decisions", entry), positions, set(first))
    fell_out = {id_ for id_, outcome in outcomes.items() if outcome in FELL_OUT}
    areas = _read_areas(found, folder, record) if record.get("areas") else {}
    expected = seats(record, [id_ for id_ in order if id_ not in full], set(first), fell_out, areas)
    ranks = {id_: rank for rank, id_ in enumerate(expected, 1)}
    found.accepted = _compare_order(found, "cohort.parquet", _rows(folder, "cohort", entry), "rank", ranks)
    waiting = {id_: n for id_, n in positions.items() if id_ not in ranks and id_ not in fell_out}
    _compare_order(found, "reserve.parquet", _rows(folder, "reserve", entry), "position", waiting)
    for id_, outcome in outcomes.items():
        if outcome not in FELL_OUT and outcome != (given := "accepted" if id_ in ranks else "reserve"):
            found.add("decisions.parquet", f"{id_} is {outcome}, the draw gives {given}")
    return found


def draw_again(seed: str, eligible: list[str], listed: set[str]) -> list[str]:
    """Everyone eligible in the order of the draw: those listed first, each tier by (SHA-256 of ``seed:id``, id)."""
    return sorted(eligible, key=lambda id_: (id_ not in listed, _draw(seed, id_), id_))


def seats(
    record: dict[str, Any],
    order: list[str],
    listed: set[str],
    fell_out: set[str],
    areas: dict[str, str] | None = None,
) -> list[str]:
    """Who has a place, in rank order. ``fell_out``: whom the selfie check refused or sent to a reviewer.

    ``areas``: of a wave with quotas by area, the area of everybody who is of one that has a share.
    """
    if record["selfie"] == "after_draw" and not record["refill"]:
        return [id_ for id_ in _of_areas(record, order, listed, areas or {}) if id_ not in fell_out]
    return _of_areas(record, [id_ for id_ in order if id_ not in fell_out], listed, areas or {})


def _of_areas(record: dict[str, Any], line: list[str], listed: set[str], areas: dict[str, str]) -> list[str]:
    """The first of each area hold its share of the quota; then the first of all who are left, whatever their area."""
    taken: set[str] = set()
    for area, share in record.get("areas", []):
        here = [id_ for id_ in line if areas.get(id_) == area]
        taken |= set(_first(record, int(Decimal(record["quota"]) * Decimal(str(share))), here, listed))
    others = [id_ for id_ in line if id_ not in taken]
    taken |= set(_first(record, record["quota"] - len(taken), others, listed))
    return [id_ for id_ in line if id_ in taken]


def _first(record: dict[str, Any], quota: int, line: list[str], listed: set[str]) -> list[str]:
    """The first of each tier: the priority tier holds its share of the quota, and what one leaves goes to the other."""
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


def _record(folder: Path, name: str) -> dict[str, Any]:
    """``draw.json`` or ``manifest.json``. Raises UnreadableFileError where it is missing, or is not one any more."""
    path = folder / f"{name}.json"
    needed = {"draw": _DRAWN_WITH, "manifest": {*_IN_BOTH, "outputs"}}[name]
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
        if missing := sorted(needed - set(read)):
            raise UnreadableFileError(f"{path} does not say its {missing[0]}: it is not the file that the run wrote.")
    except (OSError, ValueError, TypeError) as e:
        raise UnreadableFileError(f"{path} cannot be read: {e}.") from e
    return dict(read)


def _compare_records(
    found: Audit, record: dict[str, Any], manifest: dict[str, Any], folder: Path, announced: dict[str, Any]
) -> None:
    for key, value in announced.items():
        if record.get(key) != value:
            found.add("draw.json", f"{key} is {record.get(key)!r}, announced was {value!r}")
    for key in (*_IN_BOTH, *(["areas"] if "areas" in manifest or "areas" in record else [])):
        if manifest.get(key) != record.get(key):
            found.add("manifest.json", f"{key} is {manifest.get(key)!r}, in draw.json it is {record.get(key)!r}")
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


def _read_areas(found: Audit, folder: Path, record: dict[str, Any]) -> dict[str, str]:
    """``areas.csv``: the area of each application on the list that is of one with a share of the quota."""
    path = folder / "areas.csv"
    if not path.is_file():
        found.add("areas.csv", "is missing: nothing can be drawn again without it")
        return {}
    text = path.read_bytes()
    if (digest := sha256(text).hexdigest()) != record.get("areas_sha256"):
        found.add("areas.csv", f"has the hash {digest}, published was {record.get('areas_sha256')}")
    return {row["registration_id"]: row["area"] for row in csv.DictReader(io.StringIO(text.decode()))}


def _compare_decisions(
    found: Audit, rows: Iterator[Row], positions: dict[str, int], listed: set[str]
) -> tuple[dict[str, str], set[str]]:
    """Decisions against list and draw; the outcome of everyone on the list, and whose family card was full."""
    file, outcomes, full = "decisions.parquet", dict[str, str](), set[str]()
    for row in rows:
        id_ = row["entry"]
        if id_ not in positions:
            if found.form == 2:
                id_ = row["registration_id"] if id_ is None else id_
            if row["outcome"] != "rejected":
                found.add(file, f"{id_} is {row['outcome']}, and is not on the list")
            continue
        if id_ in outcomes:
            found.add(file, f"{id_} has a second decision")
        outcomes[id_] = row["outcome"]
        if found.form == 2 and "kk_limit" in row["reasons"]:  # in the first form they are not on the list
            full.add(id_)
        tier = "priority" if id_ in listed else "public"
        for key, value in {"position": positions[id_], "draw": _draw(found.seed, id_), "tier": tier}.items():
            if row[key] != value:
                found.add(file, f"{id_} has {key} {row[key]}, the draw gives {value}")
    for id_ in positions:
        if id_ not in outcomes:
            found.add(file, f"{id_} is on the list, and there is no decision")
    return outcomes, full


def _compare_order(found: Audit, file: str, rows: Iterator[Row], number: str, expected: dict[str, int]) -> int:
    """Rows against who should stand where; returns how many rows there are."""
    seen: set[str] = set()
    place, last = 0, 0
    for place, row in enumerate(rows, 1):
        id_ = row["entry"]
        if id_ in seen:
            found.add(file, f"row {place}: {id_} stands there a second time")
        elif id_ not in expected:
            found.add(file, f"row {place}: {id_} has {number} {row[number]}, and the draw does not put them here")
        elif row[number] != expected[id_]:
            found.add(file, f"row {place}: {id_} has {number} {row[number]}, the draw gives {expected[id_]}")
        elif row["draw"] != (value := _draw(found.seed, id_)):
            found.add(file, f"row {place}: {id_} has the draw {row['draw']}, the seed gives {value}")
        if (row[number] or 0) < last:
            found.add(file, f"row {place}: {id_} is not in the order of {number}")
        last = row[number] or 0
        seen.add(id_)
    for id_, wanted in expected.items():
        if id_ not in seen:
            found.add(file, f"{id_} is missing; the draw gives {number} {wanted}")
    return place


def _draw(seed: str, entry: str) -> str:
    return sha256(f"{seed}:{entry}".encode()).hexdigest()


def _rows(folder: Path, name: str, entry: str) -> Iterator[Row]:
    """The rows of a table; ``entry`` is also the name of what stands on the list."""
    columns = {"decisions": ["registration_id", "outcome", "reasons", "tier", "draw", "position"]}
    columns |= {"cohort": ["registration_id", "rank", "draw"], "reserve": ["registration_id", "position", "draw"]}
    path = folder / f"{name}.parquet"
    try:
        with pq.ParquetFile(path) as file:
            if entry not in file.schema_arrow.names:
                raise UnreadableFileError(f"{path} has no column {entry}: it is not the file that the run wrote.")
            for batch in file.iter_batches(columns=list({*columns[name], entry})):
                for row in batch.to_pylist():
                    yield {**row, "entry": row[entry]}
    except (pa.ArrowInvalid, OSError) as e:
        raise UnreadableFileError(f"{path} cannot be read as Parquet: {e}.") from e
