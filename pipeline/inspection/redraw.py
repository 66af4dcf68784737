"""Draws a finished wave again from its published lists and its seed, and says where the cohort differs.

Written to be read by an outsider: with ``drawn_line.py`` it shares no code with the pipeline's draw, only the
contract's text ("The draw"). Reads ``DATA/waves/wave-NNNN`` and nothing else; writes nothing.
docs/explanation/draw.md has a shell recipe of it.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from hashlib import file_digest, sha256
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.domain.errors import UnreadableFileError
from pipeline.inspection import beacon_checks
from pipeline.inspection.difference import Difference, difference
from pipeline.inspection.drawn_line import NOBODY, Flags, Line, Numbers, merkle_root, numbered, seats
from pipeline.storage.sealed_paths import open_to_read, table_source

FELL_OUT = ("rejected", "review")
_IN_BOTH = ("seed", "quota", "list_sha256", "priority_share", "selfie", "refill")
_DRAWN_WITH = {*_IN_BOTH, "seed_source", "list_merkle_sha256", "priority_sha256"}
#: What stands on the list: applications, and in the second form (a wave with a beacon) tickets.
_ENTRIES = {1: "registration_id", 2: "ticket"}
_COLUMNS = {
    "decisions": ("registration_id", "outcome", "reasons", "tier", "draw", "position"),
    "cohort": ("registration_id", "rank", "draw"),
    "reserve": ("registration_id", "position", "draw"),
}
NEEDED = ("eligible.txt", "priority.txt", "decisions.parquet", "cohort.parquet", "reserve.parquet")


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

    def to_json(self) -> dict[str, Any]:
        """For a program."""
        shown = {name: getattr(self, name) for name in ("same", "seed", "form", "demonstration", "listed", "accepted")}
        return {**shown, "differences": [one.to_json() for one in self.differences]}

    def add(self, where: str, name: str, /, **values: Any) -> None:
        """Notes a difference, its finding by name (``pipeline/record/findings.toml``)."""
        self.differences.append(difference(where, name, **values))


def audit(
    folder: Path,
    announced: dict[str, Any],
    published: Path | None = None,
    erased: Collection[str] = (),
    purged: Collection[str] = (),
) -> Audit:
    """Draws a wave again.

    ``announced`` is what is known from elsewhere and must be found in the record: ``seed``, ``quota``,
    ``priority_share``, ``selfie``, ``refill``, ``beacon``, ``round`` – any of them, as the calendar or an announcement
    has them. ``published``: where the commitment and the frozen list of a wave with a beacon were published.
    ``erased``: hashes that the record has of letters since somebody's were erased. ``purged``: files that may be
    missing, for their time is over; none that the draw needs.
    """
    record, manifest = _record(folder, "draw"), _record(folder, "manifest")
    found = Audit(record["seed"], record.get("form", 1), bool(record.get("demonstration")))
    if found.form == 2:
        found.differences += beacon_checks.differences(folder, record, published)
    manifest["outputs"] = [
        entry for entry in manifest["outputs"] if entry["file"] not in purged or (folder / entry["file"]).is_file()
    ]
    _compare_records(found, record, manifest, folder, announced, erased)
    if missing := [name for name in NEEDED if not (folder / name).is_file()]:
        found.add(missing[0], "needed")
        return found
    line = _read_lines(found, folder, record)
    found.listed = len(line)
    outcomes, full = _compare_decisions(found, folder, line)
    fell_out = np.fromiter((outcome in FELL_OUT for outcome in outcomes), bool, len(line))
    ranks = numbered(seats(record, line, full, fell_out, _read_areas(found, folder, record, line)), len(line))
    found.accepted = _compare_order(found, folder, "cohort", "rank", line, ranks)
    waiting = np.where((ranks > 0) | np.append(fell_out, True), 0, line.positions)
    _compare_order(found, folder, "reserve", "position", line, waiting)
    _compare_outcomes(found, line, outcomes, ranks)
    return found


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
    found: Audit,
    record: dict[str, Any],
    manifest: dict[str, Any],
    folder: Path,
    announced: dict[str, Any],
    erased: Collection[str],
) -> None:
    for key, value in announced.items():
        if record.get(key) != value:
            found.add("draw.json", "announced", name=key, found=record.get(key), announced=value)
    for key in (*_IN_BOTH, *(["areas"] if "areas" in manifest or "areas" in record else [])):
        if manifest.get(key) != record.get(key):
            found.add("manifest.json", "otherwise_in_draw", name=key, found=manifest.get(key), drawn=record.get(key))
    for entry in manifest["outputs"]:
        path = folder / entry["file"]
        if not path.is_file():
            found.add(entry["file"], "missing")
            continue
        with open_to_read(path) as file:  # of a sealed file its plain bytes
            digest = file_digest(cast(Any, file), "sha256").hexdigest()
        if digest != entry["sha256"] and (digest not in erased or entry["file"] in NEEDED):
            found.add(entry["file"], "not_as_listed")


def _read_lines(found: Audit, folder: Path, record: dict[str, Any]) -> Line:
    """Both lists, against what was published of them."""
    eligible = _read_list(found, folder, "eligible", record["list_sha256"])
    first = _read_list(found, folder, "priority", record["priority_sha256"])
    if merkle_root(eligible) != record["list_merkle_sha256"]:
        found.add("eligible.txt", "merkle")
    entries, listed = (pa.array(_once(lines), pa.large_binary()).cast(pa.large_string()) for lines in (eligible, first))
    flags = pc.is_in(entries, value_set=listed).to_numpy(zero_copy_only=False)
    line = Line(entries, flags, record["seed"])
    for n in np.flatnonzero(line.find(listed) == NOBODY):
        found.add("priority.txt", "listed_only", who=listed[int(n)])
    return line


def _read_list(found: Audit, folder: Path, name: str, published: str) -> list[bytes]:
    text = (folder / f"{name}.txt").read_bytes()
    entries = text.split(b"\n")[:-1]
    if (digest := sha256(text).hexdigest()) != published:
        found.add(f"{name}.txt", "hash", found=digest, published=published)
    if _once(entries) is not entries:
        found.add(f"{name}.txt", "unsorted")
    return entries


def _once(entries: list[bytes]) -> list[bytes]:
    """A list as it should be: sorted, and everybody once."""
    return entries if all(one < other for one, other in pairwise(entries)) else sorted(set(entries))


def _read_areas(found: Audit, folder: Path, record: dict[str, Any], line: Line) -> dict[str, Flags]:
    """``areas.csv``: who on the list is of each area that has a share of the quota. Empty without such shares."""
    if not record.get("areas"):
        return {}
    path = folder / "areas.csv"
    if not path.is_file():
        found.add("areas.csv", "needed")
        return {}
    text = path.read_bytes()
    if (digest := sha256(text).hexdigest()) != record.get("areas_sha256"):
        found.add("areas.csv", "hash", found=digest, published=record.get("areas_sha256"))
    rows = list(csv.DictReader(io.StringIO(text.decode())))
    people = line.find(pa.array([row["registration_id"] for row in rows], pa.large_string()))
    areas: dict[str, Flags] = {}
    for row, person in zip(rows, people.tolist(), strict=True):
        if person != NOBODY:
            areas.setdefault(row["area"], np.zeros(len(line), bool))[person] = True
    return areas


def _compare_decisions(found: Audit, folder: Path, line: Line) -> tuple[list[str | None], Flags]:
    """Decisions against list and draw. Of everyone on the list: the outcome (None: no decision), and whether their
    family card was full."""
    file = "decisions.parquet"
    outcomes: list[str | None] = [None] * len(line)
    full, listed = np.zeros(len(line), bool), np.append(line.listed, False)
    for people, again, table in _rows(found, folder, "decisions", line):
        outcome = table["outcome"].to_pylist()
        tiers = pa.array(np.where(listed[people], "priority", "public"))
        given = {"position": pa.array(line.positions[people]), "draw": line.hex_draws(people), "tier": tiers}
        wrong = {name: _differs(table[name], values) for name, values in given.items()}
        for row in np.flatnonzero(np.logical_or.reduce([people == NOBODY, again, *wrong.values()])).tolist():
            if people[row] == NOBODY:
                if outcome[row] != "rejected":
                    entry = table["entry"][row].as_py() or table["registration_id"][row].as_py()
                    found.add(file, "not_on_list", who=entry, outcome=outcome[row])
                continue
            if again[row]:
                found.add(file, "second_decision", who=line.name(people[row]))
            for name in [name for name in given if wrong[name][row]]:
                said = {"name": name, "found": table[name][row], "drawn": given[name][row]}
                found.add(file, "drawn_otherwise", who=line.name(people[row]), **said)
        for person, value in zip(people.tolist(), outcome, strict=True):
            if person != NOBODY:
                outcomes[person] = value
        if found.form == 2:  # in the first form they are not on the list
            full[people[_with_reason(table["reasons"], "kk_limit") & (people != NOBODY)]] = True
    for person in [person for person, outcome in enumerate(outcomes) if outcome is None]:
        found.add(file, "undecided", who=line.name(person))
    return outcomes, full


def _compare_outcomes(found: Audit, line: Line, outcomes: list[str | None], ranks: Numbers) -> None:
    """Whoever did not fall out is accepted with a place, and in reserve without."""
    for person, (outcome, rank) in enumerate(zip(outcomes, ranks[:-1].tolist(), strict=True)):
        given = "accepted" if rank else "reserve"
        if outcome not in (None, given, *FELL_OUT):
            found.add("decisions.parquet", "wrong_outcome", who=line.name(person), outcome=outcome, drawn=given)


def _compare_order(found: Audit, folder: Path, name: str, number: str, line: Line, expected: Numbers) -> int:
    """Rows against who should stand where (0: nowhere); returns how many rows there are."""
    file, before, last = f"{name}.parquet", 0, 0
    missing = expected[:-1] > 0
    strangers: set[str] = set()
    for people, again, table in _rows(found, folder, name, line):
        numbers = np.asarray(pc.fill_null(table[number], 0).to_numpy(), dtype=np.int64)
        wanted = expected[people]
        wrong_draw = _differs(table["draw"], line.hex_draws(people))
        backwards = np.diff(numbers, prepend=last) < 0
        for row in np.flatnonzero(again | (wanted == 0) | (wanted != numbers) | wrong_draw | backwards).tolist():
            entry, value = table["entry"][row].as_py(), table[number][row].as_py()
            at: dict[str, Any] = {"row": before + row + 1, "who": entry}
            if again[row] or entry in strangers:
                found.add(file, "row_again", **at)
            elif not wanted[row]:
                found.add(file, "row_stranger", **at, name=number, found=value)
            elif wanted[row] != numbers[row]:
                found.add(file, "row_otherwise", **at, name=number, found=value, drawn=wanted[row])
            elif wrong_draw[row]:
                right = line.hex_draws(people[row : row + 1])[0]
                found.add(file, "row_draw", **at, found=table["draw"][row], drawn=right)
            if backwards[row]:
                found.add(file, "row_order", **at, name=number)
            if people[row] == NOBODY:
                strangers.add(entry)
        missing[people[people != NOBODY]] = False
        before += len(people)
        last = int(numbers[-1]) if len(numbers) else last
    for person in np.flatnonzero(missing).tolist():
        found.add(file, "absent", who=line.name(person), name=number, drawn=expected[person])
    return before


def _differs(column: pa.Array, given: pa.Array) -> Flags:
    """Where a column has not what the draw gives; a null never has."""
    same: Flags = pc.fill_null(pc.equal(column, given), False).to_numpy(zero_copy_only=False)
    return ~same


def _with_reason(reasons: pa.ListArray, code: str) -> Flags:
    """The rows among whose reasons a code is."""
    given = pc.equal(pc.list_flatten(reasons), code).to_numpy(zero_copy_only=False)
    rows = np.zeros(len(reasons), bool)
    rows[pc.list_parent_indices(reasons).to_numpy()[given]] = True
    return rows


def _rows(found: Audit, folder: Path, name: str, line: Line) -> Iterator[tuple[Numbers, Flags, pa.RecordBatch]]:
    """A table in pieces: which person each row is, whether the person had a row before, and the columns that the draw
    gives, with what stands on the list as ``entry``. Raises UnreadableFileError."""
    path, entry = folder / f"{name}.parquet", _ENTRIES[found.form]
    try:
        with table_source(path) as source, pq.ParquetFile(source) as file:
            if entry not in file.schema_arrow.names:
                raise UnreadableFileError(f"{path} has no column {entry}: it is not the file that the run wrote.")
            people = line.find(file.read(columns=[entry])[entry])
            again = (people != NOBODY) & ~_first_times(people)
            done = 0
            for batch in file.iter_batches(columns=list({*_COLUMNS[name], entry})):
                piece = slice(done, done + len(batch))
                yield people[piece], again[piece], batch.append_column("entry", batch[entry])
                done = piece.stop
    except (pa.ArrowInvalid, OSError) as e:
        raise UnreadableFileError(f"{path} cannot be read as Parquet: {e}.") from e


def _first_times(people: Numbers) -> Flags:
    """Where a person has their first row."""
    first = np.zeros(len(people), bool)
    first[np.unique(people, return_index=True)[1]] = True
    return first
