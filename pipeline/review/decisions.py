"""What reviewers have decided so far, and a reviewer's next decision: one CSV per session, rewritten whole each time.

Writes ``landing/wave-NNNN/reviews/<reviewer>-<start>.csv`` with the contract's columns. A correction is a later row;
which row counts is decided by the SQL of ingest.
"""

from __future__ import annotations

import csv
import io
import re
import secrets
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Any

from pipeline.domain.calendar import WIB, Wave
from pipeline.domain.contracts import REVIEWS
from pipeline.domain.person_names import skeleton
from pipeline.domain.settings import settings
from pipeline.ingest.reviews import weighed
from pipeline.record import log
from pipeline.review import audit_trail
from pipeline.review.reviewers import reviewers_name
from pipeline.storage import files
from pipeline.storage.paths import Store
from pipeline.storage.spreadsheet_safety import plain


@dataclass(frozen=True)
class CaseState:
    """What has been decided about a case: the decision that counts (None: none yet), one's own, how many others."""

    counts: str | None = None
    by: str | None = None
    mine: str | None = None
    note: str | None = None
    others: int = 0
    latest: datetime | None = None

    @property
    def split(self) -> bool:
        """Reviewers disagree: the case is open to another."""
        return self.counts is None and self.others + (self.mine is not None) > 1

    @property
    def open(self) -> bool:
        """Whether this reviewer is asked."""
        return self.counts is None and self.mine is None


@dataclass
class ReviewSession:
    """One reviewer at work on one wave, from the start of the page to its end."""

    store: Store
    wave: Wave
    reviewer: str
    _rows: list[dict[str, Any]] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)
    _spill: TemporaryDirectory[str] = field(default_factory=lambda: TemporaryDirectory(prefix="gelombang-review-"))

    def __post_init__(self) -> None:
        self.reviewer = reviewers_name(self.reviewer)
        slug = re.sub(r"[^a-z0-9]+", "-", self.reviewer.lower()).strip("-") or "reviewer"
        name = f"{slug}-{self._now():%Y%m%dT%H%M%S}-{secrets.token_hex(2)}.csv"
        self.path = self.store.landing(self.wave, "reviews") / name

    @property
    def trail(self) -> Path:
        """The wave's audit trail, of all its reviewers."""
        return self.path.parent / "audit" / "decisions.jsonl"

    def case_states(self) -> dict[str, CaseState]:
        """Every case that somebody has decided about."""
        columns = "registration_id, person, decision, note, decided_at"
        with weighed(self.store, self.wave, Path(self._spill.name), second=settings().review.second) as (db, _):
            votes = db.execute(f"SELECT {columns} FROM votes ORDER BY registration_id, person").fetchall()
            counting = db.execute("SELECT registration_id, decision, reviewer FROM counting").fetchall()
        counts = {id_: (decision, by) for id_, decision, by in counting}
        found: dict[str, CaseState] = {}
        for id_, person, decision, note, when in votes:
            state = found.get(id_, CaseState(*counts.get(id_, (None, None))))
            state = replace(state, latest=max(filter(None, (state.latest, when)), default=None))
            if person == skeleton(self.reviewer):
                found[id_] = replace(state, mine=decision, note=note)
            else:
                found[id_] = replace(state, others=state.others + 1)
        return found

    def decide(self, registration_id: str, decision: str, note: str, seen: dict[str, Any]) -> None:
        """Records a decision: first in the audit trail and the record, then where the next run reads it.

        ``seen``: the hashes of the photographs that were shown, and whose the other ones were. Raises DiskFullError;
        then the decision does not count.
        """
        with self._lock:
            state = self.case_states().get(registration_id, CaseState())
            now = self._now()
            if state.latest is not None and state.latest >= now:  # another's clock is ahead: the later decision counts
                now = state.latest + timedelta(microseconds=1)
            row = {
                "registration_id": registration_id,
                "decision": decision,
                "reviewer": self.reviewer,
                "decided_at": f"{now:%Y-%m-%d %H:%M:%S.%f}",
                "note": plain(" ".join(note.split())),
            }
            line = {
                "time": f"{self._now().isoformat()}+07:00",
                **{k: row[k] for k in ("registration_id", "decision", "reviewer")},
                **seen,
            }
            audit_trail.append(self.trail, line)
            facts = {name: row[name] for name in ("registration_id", "decision", "reviewer", "decided_at")}
            try:
                log.note(self.store, "reviewed", self.wave.number, facts, by=self.reviewer)
                files.write_text(_csv([*self._rows, row]), self.path)
            except BaseException:
                audit_trail.append(self.trail, {**line, "saved": False})
                raise
            self._rows.append(row)

    @staticmethod
    def _now() -> datetime:
        """The time, as the contract has it: WIB, without offset."""
        return datetime.now(WIB).replace(tzinfo=None)


class Reviewing:
    """The reviewers at work on one wave: each has a session, from the first sign-in to the end of the page."""

    def __init__(self, store: Store, wave: Wave) -> None:
        self.store, self.wave = store, wave
        self._sessions: dict[str, ReviewSession] = {}
        self._lock = Lock()

    def of(self, reviewer: str) -> ReviewSession:
        """The session of a reviewer."""
        with self._lock:
            if reviewer not in self._sessions:
                self._sessions[reviewer] = ReviewSession(self.store, self.wave, reviewer)
            return self._sessions[reviewer]


def _csv(rows: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, REVIEWS.names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
