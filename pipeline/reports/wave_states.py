"""The state of a wave, in one form for the terminal, overview, report and spreadsheet; words are in ``labels.toml``.

*Provisional* is a finished run, *approved* what the record says somebody approved, *published* a revision that is
there. Reads the calendar, the record, locks and the small files of a wave; no row about anybody but why people were
taken out, counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.domain import reasons
from pipeline.domain.calendar import WIB, Wave
from pipeline.domain.errors import UnknownWaveError
from pipeline.draw import beacon
from pipeline.draw.frozen_list import RECORD, folder_key
from pipeline.record import log
from pipeline.record.entry import Entry
from pipeline.reports.language import numbers
from pipeline.reports.language.labels import label
from pipeline.reports.small_cells.suppress import small
from pipeline.storage import files
from pipeline.storage.paths import Store, revision_number
from pipeline.storage.sealed_paths import can_be_opened
from pipeline.storage.wave_lock import Holder, held_waves

#: What can be said of a wave, in the order in which it goes.
STATES = ("announced", "open", "closed", "queued", "running", "awaits_beacon", "provisional", "approved", "published")
#: What is waited for.
WAITS = (
    "opening",
    "registration",
    "end",
    "run",
    "before",
    "task",
    "beacon",
    "approval",
    "publication",
    "again",
    "nothing",
)


@dataclass(frozen=True)
class Published:
    """One revision: its places against those of the run, why people were taken out, how many of them a reviewer has
    yet to decide about, by which decree, when."""

    revision: int
    accepted: int
    of_run: int
    removed: int
    added: int
    reasons: dict[str, int]
    waiting: int
    decree: str
    at: datetime


@dataclass(frozen=True)
class WaveState:
    """``since`` is in WIB; ``held_by`` the run that has the wave; ``accepted`` that of the finished run."""

    wave: int
    state: str
    since: datetime | None
    waits_for: str
    simulated: bool
    held_by: str = ""
    accepted: int | None = None
    published: Published | None = None
    bytes: int | None = field(default=None, compare=False)

    def says(self, language: str) -> str:
        """The state in a word or two; a published wave with its revision."""
        revision = self.published.revision if self.published else 0
        return label(f"standing.{self.state}", language, revision=revision)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def wave_states(store: Store, waves: Sequence[Wave], now: datetime) -> list[WaveState]:
    """The state of each wave. ``now`` has an offset. Of a root elsewhere the small files are pulled first."""
    store.pull("waves/", only=("manifest.json", "cohort.parquet", "places.parquet"))
    store.pull("published/", only=("publication.json", "cohort.parquet", "places.parquet", "changes.parquet", RECORD))
    entries, held = log.entries(store), held_waves(store)
    return [
        wave_state(store, wave, now, [e for e in entries if e.wave == wave.number], held.get(wave.key))
        for wave in waves
    ]


def wave_state(store: Store, wave: Wave, now: datetime, entries: Sequence[Entry], holder: Holder | None) -> WaveState:
    """The state of one wave. ``entries`` are those of the record about it."""
    cohort = store.out(wave) / "cohort.parquet"
    finished = (store.out(wave) / "manifest.json").is_file() and cohort.is_file()
    opened = can_be_opened(cohort)  # not of a wave whose key was destroyed
    digest = files.sha256(cohort) if opened else ""
    revision = newest(store, wave.key)
    if revision is None:
        state, since, waits = _result(digest, entries) if finished else _before(store, wave, now)
    else:
        newer = bool(digest) and digest != _cohort_of(store, wave.key)
        state, since, waits = "published", revision.at, "again" if newer else "nothing"
    if holder and state in ("open", "closed", "announced"):
        state, since, waits = _running(store, wave, entries, holder)
    elif holder and (step := _step(entries, holder)):
        state, since, waits = (state, since, step.of_published) if revision else (step.state, step.since, step.waits)
    return WaveState(
        wave=wave.number,
        state=state,
        since=since and _local(since),
        waits_for=waits,
        simulated=store.read(f"landing/{wave.key}/simulated.json") is not None,
        held_by=holder.run if holder else "",
        accepted=files.rows(cohort) if finished and opened else None,
        published=revision,
    )


def newest(store: Store, key: str) -> Published | None:
    """The newest revision of a wave; None where there is none."""
    folders = store.revisions(key)
    if not folders or not (folders[-1] / "publication.json").is_file():
        return None
    folder = folders[-1]
    said = files.read_json(folder / "publication.json")
    return published_as(said, folder)


def published_as(said: dict[str, Any], folder: Path) -> Published:
    """What a ``publication.json`` and the changes in its folder say."""
    changes = said.get("changes", {}).get("run", {})
    removed, added = changes.get("removed", 0), changes.get("added", 0)
    gone = _taken_out(folder / "changes.parquet")
    # counted only where it is not said: the key of the wave may be destroyed
    accepted = said["accepted"] if "accepted" in said else files.rows(folder / "cohort.parquet") or 0
    return Published(
        revision=said.get("revision") or revision_number(folder),
        accepted=accepted,
        of_run=accepted + removed - added,
        removed=removed,
        added=added,
        reasons=_why(gone),
        waiting=sum(map(_waits, gone)),
        decree=said.get("decree", ""),
        at=datetime.fromisoformat(said["published_at"]),
    )


def state_sentences(found: Published | None, language: str) -> list[str]:
    """The state of a wave that has a result, in sentences: provisional, or what its publication says."""
    if found is None:
        return [label("standing.says_provisional", language)]
    said = [
        label(
            "standing.says_published",
            language,
            revision=found.revision,
            accepted=found.accepted,
            decree=found.decree,
            day=found.at.astimezone(WIB).date(),
        )
    ]
    if found.removed or found.added:
        run, changed = found.of_run, {"removed": found.removed, "added": found.added}
        said.append(label("standing.says_change", language, run=run, **changed))
    if found.reasons:
        said.append(label("standing.says_why", language, reasons=why(found.reasons, language)))
    if found.waiting:
        waiting = "says_some_wait" if small(found.waiting) else "says_waiting"
        said.append(label(f"standing.{waiting}", language, waiting=found.waiting))
    return said


def wave_sentences(store: Store, wave: Wave, language: str) -> list[str]:
    """As ``state_sentences``; and, of a published wave with a newer result, what is to be done with that."""
    found = wave_state(store, wave, datetime.now(WIB), log.entries(store, wave.number), None)
    newer = [label("standing.says_newer", language, wave=wave.number)] if found.waits_for == "again" else []
    return [*state_sentences(found.published, language), *newer]


def why(counts: dict[str, int], language: str) -> str:
    """Reasons with their counts; a count of too few people is left out."""
    known = {**reasons.catalogue(), **reasons.warning_catalogue()}
    texts = {code: reasons.message(code, language).rstrip(".") if code in known else code for code in counts}
    shown = (
        texts[code] if small(n) else f"{texts[code]} ({numbers.integer(n, language)})" for code, n in counts.items()
    )
    return "; ".join(shown)


def left_to_an_officer(changes: Path) -> set[str]:
    """The applications that a revision's last screening left to an officer, by its ``changes.parquet``."""
    return {row["registration_id"] for row in _taken_out(changes) if _waits(row)}


def _waits(change: dict[str, Any]) -> bool:
    return change.get("outcome") == "review"


def _taken_out(path: Path) -> list[dict[str, Any]]:
    """The people whom the last screening took out of the run's cohort; without ``outcome`` before 0.3.0."""
    if not can_be_opened(path):
        return []
    rows = files.read_table(path).to_pylist()
    return [row for row in rows if (row["against"], row["change"]) == ("run", "removed")]


def _why(gone: list[dict[str, Any]]) -> dict[str, int]:
    """Reasons of the last screening and how many of those taken out have each; most frequent first."""
    counts = Counter(code for row in gone for code in row["reasons"] or ())
    return dict(sorted(counts.items(), key=lambda one: (-one[1], one[0])))


def _cohort_of(store: Store, key: str) -> str:
    """SHA-256 of the run's cohort from which the newest revision of a wave was made."""
    said = files.read_json(store.revisions(key)[-1] / "publication.json")
    return str(said.get("approval", {}).get("cohort_sha256", ""))


def _result(digest: str, entries: Sequence[Entry]) -> tuple[str, datetime | None, str]:
    """Of a wave with a result that is not published: approved or provisional. ``digest``: SHA-256 of its cohort."""
    of_this = [e for e in entries if e.facts.get("cohort_sha256") == digest and digest]
    if approved := [e for e in of_this if e.event == "approved"]:
        return "approved", approved[-1].moment, "publication"
    ran = [e for e in of_this if e.event == "run_finished"]
    return "provisional", ran[-1].moment if ran else None, "approval"


def _before(store: Store, wave: Wave, now: datetime) -> tuple[str, datetime | None, str]:
    local = now.astimezone(WIB).replace(tzinfo=None)
    if local < wave.opens:
        committed = not wave.beacon or store.read(f"published/{wave.key}/commitment.json") is not None
        return "announced", None, "registration" if committed else "opening"
    if local <= wave.last_moment:
        return "open", wave.opens.replace(tzinfo=WIB), "end"
    return "closed", wave.closes.replace(tzinfo=WIB), "run"


def _running(store: Store, wave: Wave, entries: Sequence[Entry], holder: Holder) -> tuple[str, datetime | None, str]:
    """Of a wave that a run has. Before its first own task, which the record notes, it waits for the wave before."""
    since = datetime.fromisoformat(holder.since) if holder.since else None
    begun = any(e.event == "run_prepared" and e.facts.get("run") == holder.run for e in entries)
    if not begun and _behind(store, wave):
        return "queued", since, "before"
    frozen = wave.beacon and store.read(f"{folder_key(wave)}/{RECORD}") is not None
    if frozen and store.read(beacon.landing_key(wave)) is None:
        return "awaits_beacon", since, "beacon"
    return "running", since, "task"


class _Step(NamedTuple):
    """How far the run is that has a wave which has a result already; ``of_published``: what it waits for, published."""

    state: str
    since: datetime
    waits: str
    of_published: str


def _step(entries: Sequence[Entry], holder: Holder) -> _Step | None:
    """The last step of that run that the record notes; None before its first and after its last one."""
    begun = [n for n, e in enumerate(entries) if e.event == "run_prepared" and e.facts.get("run") == holder.run]
    own = {e.event: e.moment for e in entries[begun[-1] :]} if begun else {}
    if not own or "published" in own:
        return None
    if "approved" in own:
        return _Step("approved", own["approved"], "publication", "publication")
    if "run_finished" in own:
        return _Step("provisional", own["run_finished"], "approval", "again")
    return _Step("running", own["run_prepared"], "task", "task")


def _behind(store: Store, wave: Wave) -> bool:
    """Whether the wave before is there and not published."""
    try:
        before = store.calendar().wave(wave.number - 1)
    except UnknownWaveError:
        return False
    return not store.revisions(before.key)


def _local(moment: datetime) -> datetime:
    return moment.astimezone(WIB).replace(tzinfo=None, microsecond=0)
