"""The answer to a question about a finished wave: attrition, chances by group, places filled. Writes no file.

Everything in an answer may be shown: small counts are merged or hidden already.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from pipeline.domain.errors import BadQuestionError
from pipeline.domain.run_ref import RunRef
from pipeline.draw.area_draw import AREAS
from pipeline.reports.figures.query import decisions
from pipeline.reports.small_cells.suppress import small
from pipeline.screening.screen import screen
from pipeline.storage.files import read_json
from pipeline.storage.paths import Store
from pipeline.wave_run.plan import Plan
from pipeline.what_if.attrition import RuleLine, attrition
from pipeline.what_if.chances import Drawn, GroupChance, by_group
from pipeline.what_if.crowd import GROUPS, UNKNOWN, Counted, count
from pipeline.what_if.question import Question
from pipeline.what_if.seeds import draw_often

_REGISTRATIONS = "registrations.parquet"
#: Files of a run's work that a screening reads.
_SCREENED_FROM = (_REGISTRATIONS, "repeated.parquet")


@dataclass(frozen=True)
class Places:
    """Places filled: on average of all seeds, and the bounds of 95 of 100 seeds."""

    people: int | None
    mean: float
    low: int
    high: int


@dataclass(frozen=True)
class Answer:
    """The question and its answer; ``notes`` are the keys of the estimates in it."""

    question: Question
    accepted: int
    as_run: Places
    asked: Places
    rules: list[RuleLine]
    groups: dict[str, list[GroupChance] | None]
    notes: list[str]
    simulated: bool

    def to_json(self) -> dict[str, Any]:
        """For machines."""
        question = self.question
        return {
            "wave": question.wave.number,
            "seeds": question.seeds,
            "terms": {"as_run": asdict(question.as_run), "asked": asdict(question.asked)},
            "accepted": self.accepted,
            "places": {"as_run": asdict(self.as_run), "asked": asdict(self.asked)},
            "rules": [asdict(line) for line in self.rules],
            "groups": {by: None if found is None else [asdict(g) for g in found] for by, found in self.groups.items()},
            "estimates": self.notes,
            "simulated": self.simulated,
        }


def answer(store: Store, question: Question) -> Answer:
    """Answers a question about a finished wave.

    Raises BadQuestionError where a rule that was not in force is asked for and what was screened is no longer kept.
    """
    wave = question.wave
    store.pull(f"work/{wave.key}/", only=("plan.json", *_SCREENED_FROM), keep=True)
    out, registrations = store.out(wave), store.work(wave) / _REGISTRATIONS
    spill_folder = store.work(wave) if store.work(wave).is_dir() else None  # a folder with room for spilled data
    with TemporaryDirectory(prefix="what-if-", dir=spill_folder) as text:
        room = Path(text)
        screened = _screened_again(store, question, room) if question.again else None
        with decisions(out / "decisions.parquet", room) as query:
            known = registrations if registrations.is_file() else None
            areas = out / AREAS if question.wave.areas else None
            counted = count(query, question, known, screened, areas)
    as_run = _drawn(question, counted, asked=False)
    asked = as_run if question.same else _drawn(question, counted, asked=True)
    in_run, in_asked = (int(drawn.crowd.people.sum()) for drawn in (as_run, asked))
    apart = [sum(r["n"] for r in counted.rows if r[a] and not r[b]) for a, b in _SIDES]
    hidden = any(small(n) for n in apart)
    return Answer(
        question,
        int(read_json(out / "funnel.json")["ends"]["accepted"]),
        Places(None if hidden else in_run, *as_run.accepted),
        Places(None if hidden else in_asked, *asked.accepted),
        attrition(question, counted),
        {by: by_group(counted, as_run, asked, by) for by in GROUPS},
        _notes(question, counted, (as_run, asked)),
        store.landing(wave, "truth.parquet").is_file(),
    )


_SIDES = (("in_run", "in_asked"), ("in_asked", "in_run"))


def _drawn(question: Question, counted: Counted, *, asked: bool) -> Drawn:
    """Both are drawn with the same seeds, which follow from the wave's number: the same question has the same
    answer."""
    crowd, terms = (counted.asked, question.asked) if asked else (counted.as_run, question.as_run)
    rng = np.random.default_rng([question.wave.number, question.seeds])
    return Drawn(crowd, draw_often(question.wave, terms, crowd, question.seeds, rng))


def _screened_again(store: Store, question: Question, room: Path) -> Path:
    """Screens the wave once more, with the rules that were not in force: this takes as long as its screening."""
    work = store.work(question.wave)
    if not (work / _REGISTRATIONS).is_file() or not (work / "plan.json").is_file():
        raise BadQuestionError(
            f"What wave {question.wave.number} was screened from is no longer below {work}.",
            "Ask without --with, or only with warnings of the screening.",
        )
    run = Plan.load(RunRef(str(store.address), question.wave.number))
    for name in _SCREENED_FROM:
        if (work / name).is_file():
            (room / name).symlink_to(work / name)
    for extract in run.extracts.values():
        store.pull(*(store.key(path) for path in extract.files))
    aside = store.with_work_in(room)
    screen(aside, replace(run.wave, beacon=""), run.extracts, also=question.again)
    return room / "screened.parquet"


def _notes(question: Question, counted: Counted, drawn: tuple[Drawn, Drawn]) -> list[str]:
    """The parts of the answer that are estimated or assumed."""
    unknown = any(one.crowd.free[UNKNOWN].any() or (one.crowd.photo == UNKNOWN).any() for one in drawn)
    families = question.as_run.families or question.asked.families
    areas = question.as_run.areas or question.asked.areas
    cards = (bool(question.without) or bool(question.again)) and question.asked.families
    return [
        *(["photo_estimated"] if unknown and counted.verified else []),
        *(["photo_unknown"] if unknown and not counted.verified else []),
        *(["families_fixed"] if families and not counted.families_known else []),
        *(["families_assumed"] if cards and counted.families_known else []),
        *(["areas_families"] if areas and families and counted.families_known else []),
        *(["areas_written"] if set(question.asked.areas) - set(question.as_run.areas) else []),
        *(["several_applications"] if {"duplicate_application", "duplicate_id"} & set(question.without) else []),
    ]
