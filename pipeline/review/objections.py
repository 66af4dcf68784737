"""Objections to a decision: taken in with their evidence, decided by a second person, and answered before a deadline.

Each is a folder ``landing/wave-NNNN/objections/NNNN/``: the evidence, ``objection.json``, and once it is decided
``decision.json`` and ``answer.txt``. No file is ever changed; both steps are in the signed record. An accepted
objection about a photograph hands the new photograph on as a re-upload of an open wave.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow.compute as pc

from pipeline.domain.calendar import Wave
from pipeline.domain.errors import BadObjectionError, OwnObjectionError, UnknownApplicationError
from pipeline.domain.person_names import skeleton
from pipeline.domain.settings import settings
from pipeline.record import log
from pipeline.record.entry import Entry
from pipeline.review import objection_letter
from pipeline.storage import files
from pipeline.storage.paths import Store

PICTURES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".heic"})
_REUPLOAD = ("registration_id", "from_wave", "submitted_at", "selfie")


@dataclass(frozen=True)
class Decided:
    """What a second person decided; ``into``: the wave that a new photograph was handed on to."""

    decision: str
    by: str
    at: str
    note: str
    into: int | None = None


@dataclass(frozen=True)
class Objection:
    """One objection. ``about``: ``photo`` where a new photograph alone would mend the refusal, else ``data``."""

    wave: int
    number: int
    registration_id: str
    about: str
    taken_at: str
    taken_by: str
    why: str
    evidence: str
    evidence_sha256: str
    deadline: str
    decided: Decided | None = None

    def late(self, today: date) -> bool:
        """Whether its deadline has passed without a decision."""
        return self.decided is None and today > date.fromisoformat(self.deadline)


def folder(wave: Wave) -> str:
    """Where the objections of a wave are, below the data root."""
    return f"landing/{wave.key}/objections/"


def objections(store: Store, wave: Wave) -> list[Objection]:
    """Every objection of a wave, in the order in which they were taken in."""
    found = []
    for key in sorted(key for key in store.keys(folder(wave)) if key.endswith("/objection.json")):
        raw = json.loads(store.read(key) or b"{}")
        decided = store.read(f"{PurePosixPath(key).parent}/decision.json")
        found.append(Objection(**raw, decided=Decided(**json.loads(decided)) if decided else None))
    return found


def take_in(
    store: Store, wave: Wave, registration_id: str, *, name: str, evidence: bytes, why: str, by: str, now: datetime
) -> Objection:
    """Takes an objection in. ``name``: of the file that the evidence is, for its ending.

    Raises UnknownApplicationError; BadObjectionError for an accepted application, or one with an open objection.
    """
    decision = _decision(store, wave, registration_id)
    if decision["outcome"] == "accepted":
        raise BadObjectionError(f"{registration_id} was accepted in wave {wave.number}: there is nothing to object to.")
    there = objections(store, wave)
    if any(one.registration_id == registration_id and one.decided is None for one in there):
        raise BadObjectionError(f"There is an open objection of {registration_id} in wave {wave.number} already.")
    if not evidence:
        raise BadObjectionError("The evidence is an empty file.", "Send the file once more.")
    if len(evidence) > settings().selfie.max_bytes:
        raise BadObjectionError(f"The evidence has {len(evidence):,} bytes.", "Send a smaller file.")
    number = max((one.number for one in there), default=0) + 1
    while not store.create(key := f"{folder(wave)}{number:04d}/evidence{Path(name).suffix.lower()}", evidence):
        number += 1  # another objection came at the same moment
    made = Objection(
        wave.number,
        number,
        registration_id,
        "photo" if decision["retry"] == "photo" else "data",
        now.isoformat(timespec="seconds"),
        by,
        why,
        key,
        sha256(evidence).hexdigest(),
        (now.date() + timedelta(days=settings().review.objection_days)).isoformat(),
    )
    fields = {name: value for name, value in asdict(made).items() if name != "decided"}
    _create(store, f"{folder(wave)}{number:04d}/objection.json", fields)
    log.note(store, "objected", wave.number, {**_facts(made), "why": why, "deadline": made.deadline}, by)
    return made


def decide(
    store: Store,
    wave: Wave,
    registration_id: str,
    *,
    accept: bool,
    note: str,
    by: str,
    now: datetime,
    into: Wave | None = None,
) -> Objection:
    """Decides the open objection of an application, and writes the answer.

    Raises BadObjectionError, and OwnObjectionError where the person is not a second one.
    """
    one = next((o for o in objections(store, wave) if o.registration_id == registration_id and not o.decided), None)
    if one is None:
        raise BadObjectionError(f"Wave {wave.number} has no open objection of {registration_id}.")
    if skeleton(by) in _had_a_hand(log.entries(store, wave.number, "reviewed"), one):
        raise OwnObjectionError(f"{by} took objection {one.number} in, or decided about {registration_id} before.")
    if into is not None:
        _may_come_back(one, into, now, accept=accept)
    at, number = now.isoformat(timespec="seconds"), into.number if into else None
    decided = Decided("accepted" if accept else "rejected", by, at, note, number)
    place = f"{folder(wave)}{one.number:04d}"
    _create(store, f"{place}/decision.json", asdict(decided))
    if into is not None:
        _hand_on(store, one, into, now)
    answered = replace(one, decided=decided)
    letter = objection_letter.answer(one.about, note, accepted=accept, handed_on=into is not None)
    store.create(f"{place}/answer.txt", letter.encode())
    log.note(store, "objection_decided", wave.number, {**_facts(one), "decision": decided.decision}, by)
    return answered


def open_to(store: Store, wave: Wave, reviewer: str) -> list[Objection]:
    """The open objections of cases that a reviewer did not work on."""
    found = [one for one in objections(store, wave) if one.decided is None]
    reviews = log.entries(store, wave.number, "reviewed") if found else []
    return [one for one in found if skeleton(reviewer) not in _had_a_hand(reviews, one)]


def wave_to_come_back_in(store: Store, one: Objection, now: datetime) -> Wave | None:
    """The open wave that a new photograph can be handed on to; None: there is none, or no new photograph."""
    if one.about != "photo" or Path(one.evidence).suffix not in PICTURES:
        return None
    here = now.replace(tzinfo=None)
    waves = [w for w in store.calendar().waves(here.date()) if w.opens <= here <= w.last_moment]
    return next((w for w in waves if w.number > one.wave), None)


def evidence_of(store: Store, one: Objection) -> bytes:
    """The evidence, as it was taken in. Raises BadObjectionError where it is another, or gone."""
    found = store.read(one.evidence)
    if found is None:
        raise BadObjectionError(
            f"The evidence of objection {one.number} is not there any more.",
            "`gelombang history` says whether it was deleted because its time was over.",
        )
    if sha256(found).hexdigest() != one.evidence_sha256:
        raise BadObjectionError(f"The evidence of objection {one.number} is not the one that was taken in.")
    return found


def _had_a_hand(reviews: Iterable[Entry], one: Objection) -> set[str]:
    """The people who cannot decide an objection: who took it in, and who reviewed the application. ``reviews``: the
    recorded ones of the wave."""
    by = [entry.by for entry in reviews if entry.facts.get("registration_id") == one.registration_id]
    return {skeleton(name) for name in (one.taken_by, *by)}


def _may_come_back(one: Objection, into: Wave, now: datetime, *, accept: bool) -> None:
    if not accept or one.about != "photo" or Path(one.evidence).suffix not in PICTURES:
        raise BadObjectionError(
            f"Objection {one.number} hands no photograph on to wave {into.number}.",
            "--into is for an accepted objection to a photograph whose evidence is the new one.",
        )
    if into.number <= one.wave or not into.opens <= now.replace(tzinfo=None) <= into.last_moment:
        raise BadObjectionError(f"Wave {into.number} is not open now.", "Name a later wave whose window is open.")


def _hand_on(store: Store, one: Objection, into: Wave, now: datetime) -> None:
    """The photograph, and a re-upload with it: what the applicant would have sent."""
    name = f"objection-{one.wave:04d}-{one.number:04d}"
    selfie = f"{name}{Path(one.evidence).suffix}"
    store.create(f"landing/{into.key}/selfies/{selfie}", evidence_of(store, one))
    text = io.StringIO()
    sent = now.replace(tzinfo=None).isoformat(sep=" ", timespec="seconds")
    csv.writer(text, lineterminator="\n").writerows([_REUPLOAD, (one.registration_id, one.wave, sent, selfie)])
    store.create(f"landing/{into.key}/reuploads/{name}.csv", text.getvalue().encode())


def _decision(store: Store, wave: Wave, registration_id: str) -> dict[str, Any]:
    """Outcome and retry of an application: as the newest revision left it, where that changed the run's decision."""
    here = pc.field("registration_id") == registration_id
    decided = files.read_table(store.out(wave) / "decisions.parquet", ["outcome", "retry"], here).to_pylist()
    if not decided:
        raise UnknownApplicationError(f"Wave {wave.number} has no application {registration_id}.")
    store.pull(f"published/{wave.key}/", only=("cohort.parquet", "changes.parquet"))
    revisions = store.revisions(wave.key)
    changes = revisions[-1] / "changes.parquet" if revisions else None
    rows = files.read_table(changes, rows=here).to_pylist() if changes and changes.is_file() else []
    of_run = next((row for row in rows if row["against"] == "run"), None)
    if of_run is None or of_run["change"] == "moved":
        return dict(decided[0])
    if of_run["change"] == "added":
        return {"outcome": "accepted", "retry": "none"}
    # revisions of before 0.3.0 do not say the outcome; whom the run accepted has no application that waits for a photo
    return {"outcome": of_run.get("outcome") or "rejected", "retry": "none"}


def _facts(one: Objection) -> dict[str, Any]:
    return {"number": one.number, "registration_id": one.registration_id, "evidence_sha256": one.evidence_sha256}


def _create(store: Store, key: str, fields: dict[str, Any]) -> None:
    text = json.dumps(fields, ensure_ascii=False, indent=1) + "\n"
    if not store.create(key, text.encode()):
        raise BadObjectionError(f"{key} is there already: somebody else was quicker.")
