"""One person under many numbers: every verified selfie of a wave against every other and the accepted of earlier waves.

Reads the run's verdicts and prints, and the prints kept of earlier waves; writes ``same_person.parquet``, the pairs
that a person must look at, and ``same_person.json``, the counts of what was compared. It refuses no application.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.domain import contracts, reasons
from pipeline.draw.verdicts import SAME_PERSON
from pipeline.runtime import progress
from pipeline.selfie.one_against_all.candidates import Candidates, between, own_photograph, same_bytes, within
from pipeline.storage import files
from pipeline.wave_run import kept_prints
from pipeline.wave_run.plan import Plan
from pipeline.wave_run.run_prints import Verified, prints_of, verified

#: The most other applications that are named with one; a picture may have come under a thousand numbers.
MOST_OTHERS = 20


@dataclass(frozen=True)
class Compared:
    """Counts: selfies compared, selfies without a print, earlier waves compared with, applications for review."""

    compared: int = 0
    without_print: int = 0
    earlier_waves: int = 0
    same_person: int = 0
    reused_photo: int = 0


def compare(run: Plan, today: date, approved: Collection[str] = ()) -> Compared:
    """Compares a run's selfies and writes what was found. Raises SealedFileError for prints that cannot be opened.

    ``approved``: who has a place already. Whoever shares a face or a picture with them waits for a person; they do not,
    otherwise an application by a stranger would take their place away.
    """
    others: dict[str, list[dict[str, Any]]] = defaultdict(list)
    found: dict[str, set[str]] = defaultdict(set)
    if run.wave.selfie == "off" or run.wave.same_person == "off":
        return _write(run, Compared(), {}, {}, [])
    everyone = verified(run)
    people, prints = prints_of(run, everyone)
    passing = np.array([person.outcome in ("passed", "review") for person in people], bool)
    sides = _Sides(run, people, prints, np.flatnonzero(passing), np.flatnonzero(~passing))
    earlier = kept_prints.of_earlier_waves(run.store, run.wave, today)
    for one, other, reasons_ in sides.pairs(earlier):
        others[one].append(other)
        found[one] |= reasons_
    for id_ in sides.of_the_register():
        found[id_].add("reused_photo")
    for id_ in found.keys() & set(approved):
        del found[id_]
    counts = Compared(
        compared=len(people),
        without_print=len(everyone) - len(people),
        earlier_waves=len(earlier),
        same_person=sum("same_person" in codes for codes in found.values()),
        reused_photo=sum("reused_photo" in codes for codes in found.values()),
    )
    return _write(run, counts, found, others, earlier)


Pair = tuple[str, dict[str, Any], set[str]]


@dataclass(frozen=True)
class _Sides:
    """The selfies of a run: ``those`` who would pass or are under review, and the ``rest``, who are refused.

    A face counts where it is verified under both numbers; a picture counts in every case.
    """

    run: Plan
    people: list[Verified]
    prints: NDArray[np.void]
    those: NDArray[np.int64]
    rest: NDArray[np.int64]

    @property
    def _threshold(self) -> float | None:
        return self.run.selfie_policy().one_against_all if self._nearly else None

    @property
    def _nearly(self) -> bool:
        """Whether faces and pictures are compared, and not only the bytes of the files."""
        return self.run.wave.same_person == "check"

    def pairs(self, earlier: list[kept_prints.KeptPrints]) -> Iterator[Pair]:
        """Pairs: whose selfie, which other application, and the reasons for a review; pairs within the wave from both
        sides."""
        report, threshold = progress.reporter("compare_people"), self._threshold
        mine, refused = self.prints[self.those], self.prints[self.rest]
        both = within(mine, threshold, report) if self._nearly else same_bytes(mine, mine)
        for a, b, reasons_, pair in _each(both, threshold):
            one, other = self.people[self.those[a]], self.people[self.those[b]]
            if one.nik != other.nik:
                yield one.registration_id, self._described(other, pair), reasons_
                if self._nearly:  # otherwise the pair would come from its other side too
                    yield other.registration_id, self._described(one, pair), reasons_
        for a, b, reasons_, pair in _each(self._against(mine, refused, None), None):
            one, other = self.people[self.those[a]], self.people[self.rest[b]]
            if one.nik != other.nik:
                yield one.registration_id, self._described(other, pair), reasons_
        for wave in earlier:
            comparable = threshold if wave.model == self.run.selfie_policy().model else None
            for a, b, reasons_, pair in _each(self._against(mine, wave.prints, comparable), comparable):
                id_, selfie = wave.people[b]
                other = {"wave": wave.wave, "registration_id": id_, "selfie": selfie, **pair}
                yield self.people[self.those[a]].registration_id, other, reasons_

    def of_the_register(self) -> list[str]:
        """Whose selfie is the register's own photograph."""
        same = own_photograph(self.prints[self.those], self._threshold, nearly=self._nearly)
        return [self.people[at].registration_id for at in self.those[same]]

    def _against(self, mine: NDArray[np.void], others: NDArray[np.void], threshold: float | None) -> Candidates:
        return between(mine, others, threshold) if self._nearly else same_bytes(mine, others)

    def _described(self, person: Verified, pair: dict[str, Any]) -> dict[str, Any]:
        named = {"wave": self.run.wave.number, "registration_id": person.registration_id, "selfie": person.selfie}
        return {**named, **pair}


def _each(pairs: Candidates, threshold: float | None) -> Iterator[tuple[int, int, set[str], dict[str, Any]]]:
    """Each pair: its two places, the reasons for a review, and the facts for the reviewer."""
    listed = zip(pairs.one.tolist(), pairs.other.tolist(), pairs.similarity, pairs.same_file.tolist(), strict=True)
    for a, b, near, same in listed:
        face = threshold is not None and bool(near >= threshold)
        codes = {"same_person"} if face else set()
        shown = {"similarity": None if math.isnan(near) else float(near), "same_file": same}
        yield a, b, codes | ({"reused_photo"} if same else set()), shown


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
    threshold = run.selfie_policy().one_against_all if run.wave.same_person == "check" and counts.compared else None
    with_whom = [{"wave": w.wave, "revision": w.revision, "until": w.until.isoformat()} for w in earlier]
    record = {"mode": run.wave.same_person, "threshold": threshold, **asdict(counts), "earlier": with_whom}
    files.write_json(record, (run.work / SAME_PERSON).with_suffix(".json"))
    return counts


def _nearest_first(other: dict[str, Any]) -> tuple[float, int, str]:
    near = other["similarity"]
    return (math.inf if near is None else -near, other["wave"], other["registration_id"])
