"""One person under many numbers: every verified selfie of a wave against every other and the accepted of earlier waves.

Reads the run's verdicts and prints, and the prints kept of earlier waves; writes ``same_person.parquet``, who is to be
looked at by a person and with whom, and ``same_person.json``, what was compared. Nobody is refused here.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.domain import contracts, reasons
from pipeline.draw.verdicts import SAME_PERSON
from pipeline.runtime import progress
from pipeline.selfie.one_against_all.candidates import Candidates, between, own_photograph, within
from pipeline.storage import files
from pipeline.wave_run import kept_prints
from pipeline.wave_run.plan import Plan
from pipeline.wave_run.run_prints import Verified, prints_of, verified

#: Others named with one application: a picture that came under a thousand numbers needs no longer list.
MOST_OTHERS = 20


@dataclass(frozen=True)
class Compared:
    """Selfies compared, those without a print, earlier waves compared with, and applications to be looked at."""

    compared: int = 0
    without_print: int = 0
    earlier_waves: int = 0
    same_person: int = 0
    reused_photo: int = 0


def compare(run: Plan, today: date) -> Compared:
    """Compares a run's selfies and writes what was found. Raises SealedFileError for prints that cannot be opened."""
    if run.wave.selfie == "off" or run.wave.same_person == "off":
        return _write(run, Compared(), {}, {}, [])
    threshold = run.selfie_policy().one_against_all if run.wave.same_person == "check" else None
    everyone = verified(run)
    people, prints = prints_of(run, everyone)
    stands = np.array([person.outcome in ("passed", "review") for person in people], bool)
    those, rest = np.flatnonzero(stands), np.flatnonzero(~stands)
    mine = [people[at] for at in those]
    others: dict[str, list[dict[str, Any]]] = defaultdict(list)
    found: dict[str, set[str]] = defaultdict(set)

    def add(one: Verified, other: dict[str, Any], face: bool) -> None:
        others[one.registration_id].append(other)
        found[one.registration_id] |= {"same_person"} if face else set()
        found[one.registration_id] |= {"reused_photo"} if other["same_file"] else set()

    report = progress.reporter("compare_people")
    standing = prints[those]
    both = within(standing, threshold, report)
    for a, b, face, pair in _each(both, threshold):
        if mine[a].nik != mine[b].nik:
            add(mine[a], _other(run, mine[b], pair), face)
            add(mine[b], _other(run, mine[a], pair), face)
    for a, b, _, pair in _each(between(standing, prints[rest], None), None):  # not verified: only its picture counts
        if mine[a].nik != people[rest[b]].nik:
            add(mine[a], _other(run, people[rest[b]], pair), False)
    earlier = kept_prints.of_earlier_waves(run.store, run.wave, today)
    for wave in earlier:
        comparable = threshold if wave.model == run.selfie_policy().model else None
        for a, b, face, pair in _each(between(standing, wave.prints, comparable), comparable):
            id_, selfie = wave.people[b]
            add(mine[a], {"wave": wave.wave, "registration_id": id_, "selfie": selfie, **pair}, face)
    for at in np.flatnonzero(own_photograph(standing, threshold)):
        found[mine[at].registration_id].add("reused_photo")
    counts = Compared(
        compared=len(people),
        without_print=len(everyone) - len(people),
        earlier_waves=len(earlier),
        same_person=sum("same_person" in codes for codes in found.values()),
        reused_photo=sum("reused_photo" in codes for codes in found.values()),
    )
    return _write(run, counts, found, others, earlier)


def _each(pairs: Candidates, threshold: float | None) -> list[tuple[int, int, bool, dict[str, Any]]]:
    """Each pair: its two places, whether the faces agree, and what the reviewer is told of it."""
    listed = zip(pairs.one.tolist(), pairs.other.tolist(), pairs.similarity, pairs.same_file.tolist(), strict=True)
    return [
        (
            a,
            b,
            threshold is not None and bool(near >= threshold),
            {"similarity": None if math.isnan(near) else float(near), "same_file": same},
        )
        for a, b, near, same in listed
    ]


def _other(run: Plan, person: Verified, pair: dict[str, Any]) -> dict[str, Any]:
    named = {"wave": run.wave.number, "registration_id": person.registration_id, "selfie": person.selfie}
    return {**named, **pair}


def _write(
    run: Plan,
    counts: Compared,
    found: dict[str, set[str]],
    others: dict[str, list[dict[str, Any]]],
    earlier: list[kept_prints.KeptPrints],
) -> Compared:
    ids = sorted(id_ for id_, codes in found.items() if codes)
    rows = [
        {
            "registration_id": id_,
            "reasons": reasons.ordered(found[id_]),
            "others": sorted(others.get(id_, []), key=_nearest_first)[:MOST_OTHERS],
        }
        for id_ in ids
    ]
    table = pa.Table.from_pylist(rows, schema=contracts.SAME_PERSON)
    files.write_table(table, run.work / SAME_PERSON, contracts.SAME_PERSON)
    threshold = run.selfie_policy().one_against_all if counts.compared else None
    with_whom = [{"wave": w.wave, "revision": w.revision, "until": w.until.isoformat()} for w in earlier]
    record = {"mode": run.wave.same_person, "threshold": threshold, **asdict(counts), "earlier": with_whom}
    files.write_json(record, (run.work / SAME_PERSON).with_suffix(".json"))
    return counts


def _nearest_first(other: dict[str, Any]) -> tuple[float, int, str]:
    near = other["similarity"]
    return (math.inf if near is None else -near, other["wave"], other["registration_id"])
