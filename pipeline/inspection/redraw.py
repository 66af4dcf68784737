"""Draws a finished wave again from its published lists and its seed, and names every difference in the outputs.

Written for readers from outside. It follows the contract's text ("The draw") and shares no code with the pipeline's
draw; ``drawn_line.py`` has the order and the places. Reads ``DATA/waves/wave-NNNN`` and nothing else; writes nothing.
docs/explanation/draw.md does the same in a shell.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Collection
from dataclasses import dataclass, field
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.domain.errors import UnreadableFileError
from pipeline.inspection import beacon_checks
from pipeline.inspection.difference import Difference, difference
from pipeline.inspection.drawn_line import NOBODY, Flags, Line, Numbers, numbered, seats
from pipeline.inspection.listed_lines import lines, merkle_root, once
from pipeline.inspection.table_rows import differs, numbers_of, rows, with_reason
from pipeline.storage.sealed_paths import open_to_read

#: Outcomes have numbers here, because six million texts would fill half a gigabyte. An outcome that is none of these
#: gets the next free number.
_OUTCOMES = ("accepted", "reserve", "rejected", "review")
_ACCEPTED, _RESERVE, _REJECTED, _REVIEW = range(4)
_NOT_PLACED = (_REJECTED, _REVIEW)
_UNDECIDED = -1
_IN_BOTH = ("seed", "quota", "list_sha256", "priority_share", "selfie", "refill")
_DRAWN_WITH = {*_IN_BOTH, "seed_source", "list_merkle_sha256", "priority_sha256"}
NEEDED = ("eligible.txt", "priority.txt", "decisions.parquet", "cohort.parquet", "reserve.parquet")


@dataclass
class Audit:
    """The result of a second draw: its numbers, and every difference that was found."""

    seed: str
    form: int = 1
    demonstration: bool = False
    listed: int = 0
    accepted: int = 0
    differences: list[Difference] = field(default_factory=list)

    @property
    def same(self) -> bool:
        """Whether the outputs are exactly those that the lists and the seed give."""
        return not self.differences

    def to_json(self) -> dict[str, Any]:
        """For a program."""
        shown = {name: getattr(self, name) for name in ("same", "seed", "form", "demonstration", "listed", "accepted")}
        return {**shown, "differences": [one.to_json() for one in self.differences]}

    def add(self, where: str, name: str, /, **values: Any) -> None:
        """Adds a difference. ``name``: of its finding, in ``pipeline/record/findings.toml``."""
        self.differences.append(difference(where, name, **values))


@dataclass(frozen=True)
class _Decisions:
    """The decisions about everyone on the list, and the numbers of all outcomes in the table."""

    outcomes: Numbers  # the number of each person's outcome
    full: Flags  # whether each person's family card was full
    names: dict[str, int]


def audit(
    folder: Path,
    announced: dict[str, Any],
    published: Path | None = None,
    erased: Collection[str] = (),
    purged: Collection[str] = (),
) -> Audit:
    """Draws a wave again.

    ``announced``: values from the calendar or an announcement, which the record must have: any of ``seed``, ``quota``,
    ``priority_share``, ``selfie``, ``refill``, ``beacon``, ``round``. ``published``: the folder in which the commitment
    and the frozen list of a wave with a beacon were published. ``erased``: hashes, from the record, of files from which
    a person was erased. ``purged``: files that may be missing because their time is over; the draw needs none of them.
    """
    record, manifest = _record(folder, "draw"), _record(folder, "manifest")
    found = Audit(record["seed"], record.get("form", 1), bool(record.get("demonstration")))
    if found.form == 2:
        found.differences += beacon_checks.differences(folder, record, published)
    manifest["outputs"] = [
        entry for entry in manifest["outputs"] if entry["file"] not in purged or (folder / entry["file"]).is_file()
    ]
    _compare_records(found, record, manifest, folder, announced=announced, erased=erased)
    if missing := [name for name in NEEDED if not (folder / name).is_file()]:
        found.add(missing[0], "needed")
        return found
    line = _read_lines(found, folder, record)
    found.listed = len(line)
    decided = _compare_decisions(found, folder, line)
    fell_out = np.isin(decided.outcomes, _NOT_PLACED)
    areas = _read_areas(found, folder, record, line)
    ranks = numbered(seats(record, line, decided.full, fell_out, areas), len(line))
    found.accepted = _compare_order(found, folder, line, ranks, name="cohort", number="rank")
    waiting = np.where((ranks > 0) | np.append(fell_out, True), 0, line.positions)
    _compare_order(found, folder, line, waiting, name="reserve", number="position")
    _compare_outcomes(found, line, decided, ranks)
    return found


def _record(folder: Path, name: str) -> dict[str, Any]:
    """``draw.json`` or ``manifest.json``. Raises UnreadableFileError where it is missing, damaged or not complete."""
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
    *,
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
    """The line of the draw, from both lists. Compares the lists with their published hashes."""
    eligible = _read_list(found, folder, "eligible", record["list_sha256"])
    first = _read_list(found, folder, "priority", record["priority_sha256"])
    if merkle_root(eligible) != record["list_merkle_sha256"]:
        found.add("eligible.txt", "merkle")
    entries, listed = once(eligible).cast(pa.large_string()), once(first).cast(pa.large_string())
    at = pc.index_in(entries, value_set=listed)
    flags: Flags = at.is_valid().to_numpy(zero_copy_only=False)
    both = np.zeros(len(listed), bool)
    both[at.drop_null().to_numpy()] = True
    for n in np.flatnonzero(~both).tolist():
        found.add("priority.txt", "listed_only", who=listed[n])
    return Line(entries, flags, record["seed"])


def _read_list(found: Audit, folder: Path, name: str, published: str) -> pa.LargeBinaryArray:
    text = (folder / f"{name}.txt").read_bytes()
    entries = lines(text)
    if (digest := sha256(text).hexdigest()) != published:
        found.add(f"{name}.txt", "hash", found=digest, published=published)
    if once(entries) is not entries:
        found.add(f"{name}.txt", "unsorted")
    return entries


def _read_areas(found: Audit, folder: Path, record: dict[str, Any], line: Line) -> dict[str, Flags]:
    """The people of each area, from ``areas.csv``. Empty for a wave without quotas by area."""
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


def _compare_decisions(found: Audit, folder: Path, line: Line) -> _Decisions:
    """Compares the decisions with the list and the draw."""
    file, names = "decisions.parquet", {name: number for number, name in enumerate(_OUTCOMES)}
    outcomes = np.full(len(line), _UNDECIDED)
    full, listed = np.zeros(len(line), bool), np.append(line.listed, False)
    for people, repeated, table in rows(folder / file, found.form, line, "position", line.positions):
        known = people != NOBODY
        outcome = _numbers(table["outcome"], names)
        tiers = pc.if_else(pa.array(listed[people]), "priority", "public")
        given = {"position": pa.array(line.positions[people]), "draw": line.hex_draws(people), "tier": tiers}
        wrong = {name: differs(table[name], values) & known for name, values in given.items()}
        strange = ~known & (outcome != _REJECTED)
        for row in np.flatnonzero(np.logical_or.reduce([strange, repeated, *wrong.values()])).tolist():
            if strange[row]:
                entry = table["entry"][row].as_py() or table["registration_id"][row].as_py()
                found.add(file, "not_on_list", who=entry, outcome=table["outcome"][row].as_py())
                continue
            if repeated[row]:
                found.add(file, "second_decision", who=line.name(people[row]))
            for name in [name for name in given if wrong[name][row]]:
                said = {"name": name, "found": table[name][row], "drawn": given[name][row]}
                found.add(file, "drawn_otherwise", who=line.name(people[row]), **said)
        outcomes[people[known]] = outcome[known]
        if found.form == 2:  # in the first form they are not on the list
            full[people[with_reason(table["reasons"], "kk_limit") & known]] = True
    for person in np.flatnonzero(outcomes == _UNDECIDED).tolist():
        found.add(file, "undecided", who=line.name(person))
    return _Decisions(outcomes, full, names)


def _numbers(outcome: pa.Array, names: dict[str, int]) -> Numbers:
    """The numbers of outcomes. Adds new outcomes to ``names``."""
    for name in pc.unique(outcome).drop_null().to_pylist():
        names.setdefault(name, len(names))
    numbers = pc.index_in(outcome, value_set=pa.array(list(names), outcome.type), skip_nulls=True)
    return np.asarray(pc.fill_null(numbers, _UNDECIDED).to_numpy(zero_copy_only=False), dtype=np.int64)


def _compare_outcomes(found: Audit, line: Line, decided: _Decisions, ranks: Numbers) -> None:
    """Compares the outcomes with the draw. Everyone else than the rejected and those under review is accepted if they
    have a place, and in reserve if they have none."""
    given, names = np.where(ranks[:-1] > 0, _ACCEPTED, _RESERVE), list(decided.names)
    right = (decided.outcomes == given) | np.isin(decided.outcomes, (_UNDECIDED, *_NOT_PLACED))
    for person in np.flatnonzero(~right).tolist():
        outcome, drawn = names[decided.outcomes[person]], _OUTCOMES[given[person]]
        found.add("decisions.parquet", "wrong_outcome", who=line.name(person), outcome=outcome, drawn=drawn)


def _compare_order(found: Audit, folder: Path, line: Line, expected: Numbers, *, name: str, number: str) -> int:
    """Compares the rows of a table with the expected place of each person (0: none). Returns the number of rows."""
    file, before, last = f"{name}.parquet", 0, 0
    missing = expected[:-1] > 0
    strangers: set[str] = set()
    for people, repeated, table in rows(folder / file, found.form, line, number, expected):
        numbers = numbers_of(table[number])
        wanted = expected[people]
        wrong_draw = differs(table["draw"], line.hex_draws(people))
        backwards = np.diff(numbers, prepend=last) < 0
        for row in np.flatnonzero(repeated | (wanted == 0) | (wanted != numbers) | wrong_draw | backwards).tolist():
            entry, value = table["entry"][row].as_py(), table[number][row].as_py()
            at: dict[str, Any] = {"row": before + row + 1, "who": entry}
            if repeated[row] or entry in strangers:
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
