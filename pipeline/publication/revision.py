"""Publishes an approved cohort: a folder ``published/wave-NNNN/rev-N/`` that appears whole and never changes again.

The folder is the transaction: cohort, decree and the ledger of everybody who holds a place appear together, by one
rename that has one winner. docs/explanation/publication.md says why no table format does this here.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pipeline import __version__
from pipeline.domain import contracts
from pipeline.domain.errors import NotWhatWasApprovedError, SecondPlaceError
from pipeline.publication.changed_notices import write_changed_notices
from pipeline.publication.public_files import write_public_files
from pipeline.publication.rescreen import Rescreened, rescreen
from pipeline.screening.name_patterns import define_macros
from pipeline.storage import duckdb_sql, files, wave_lock
from pipeline.storage.paths import revision_number
from pipeline.wave_run.plan import Plan

PACKAGE = "pipeline.publication"


@dataclass(frozen=True)
class Approval:
    """Who approved which cohort, when, by which decree; ``run`` tells two approvals of one wave apart."""

    by: str
    at: str
    decree: str
    run: str
    cohort_sha256: str


def publish(run: Plan, approval: Approval, now: datetime) -> dict[str, Any]:
    """Publishes a wave and returns its ``publication.json``; the same approval again returns what it published.

    Raises NotWhatWasApprovedError, SecondPlaceError, WaveNotRunError and the errors of a bad extract; then nothing
    has changed.
    """
    with wave_lock.publication(run.store, run.wave, approval.run):
        run.store.pull("published/")
        for folder in run.store.revisions(run.wave.key):
            done = _record_of(folder)
            if done.get("approval") == asdict(approval):
                return done
        approved = run.store.out(run.wave) / "cohort.parquet"
        if files.sha256(approved) != approval.cohort_sha256:
            raise NotWhatWasApprovedError(f"The cohort of wave {run.wave.number} has changed since it was approved.")
        screened = rescreen(run, now.date())
        _no_second_places(run, screened)
        return _commit(run, screened, approval, now)


def _record_of(folder: Path) -> dict[str, Any]:
    path = folder / "publication.json"
    return dict(files.read_json(path)) if path.is_file() else {}


def _no_second_places(run: Plan, screened: Rescreened) -> None:
    """Refuses to give a place to anyone whom a later wave has accepted."""
    earlier = set(run.store.cohorts(before=run.wave.number + 1))
    later = [path for path in run.store.cohorts() if path not in earlier]
    if not later:
        return
    listed = run.work / "second_places.csv"
    with duckdb_sql.connect(run.work) as db:
        define_macros(db)
        holes = {"$cohort": str(screened.cohort), "{later}": duckdb_sql.read(later)}
        people = duckdb_sql.copy_csv(db, duckdb_sql.sql(PACKAGE, "sql/second_places", holes), listed)
    if people:
        raise SecondPlaceError(
            f"Of wave {run.wave.number} {people:,} would hold a place in a later wave too; {listed} names them."
        )


def _commit(run: Plan, screened: Rescreened, approval: Approval, now: datetime) -> dict[str, Any]:
    """Writes the revision beside its place, then gives it its name."""
    before = run.store.revisions(run.wave.key)
    revision = revision_number(before[-1]) + 1 if before else 1
    target = run.store.published(run.wave.key)
    for left in target.glob(".rev-*"):
        shutil.rmtree(left, ignore_errors=True)
    new = files.fresh(target / f".rev-{revision}.{os.getpid()}")
    files.copy(screened.cohort, new / "cohort.parquet")
    changes = _write_changes(run, screened, before[-1] if before else None, new)
    _write_ledger(run, revision, new)
    write_changed_notices(run.store, run.wave, new)
    public = write_public_files(run, new)
    told = [*sorted(new.glob("*.parquet")), *(sorted(public.iterdir()) if public else [])]
    record = {
        "wave": run.wave.number,
        "revision": revision,
        "sequence": 1 + max((r.get("sequence", 0) for r in _publications(run)), default=0),
        "decree": approval.decree,
        "approval": asdict(approval),
        "published_at": now.isoformat(timespec="seconds"),
        "quota": run.wave.quota,
        "accepted": files.rows(new / "cohort.parquet"),
        "changes": changes,
        "extracts": {
            name: {"asof": str(x.asof), "files": {_below(p, run): files.sha256(p) for p in x.files}}
            for name, x in screened.plan.extracts.items()
        },
        "manifest_sha256": files.sha256(run.store.out(run.wave) / "manifest.json"),
        "files": {path.relative_to(new).as_posix(): files.sha256(path) for path in told},
        "software": {"gelombang": __version__},
    }
    files.write_json(record, new / "publication.json")
    run.store.commit(new, target / f"rev-{revision}", "publication.json", once=True)
    return record


def _publications(run: Plan) -> list[dict[str, Any]]:
    """Every publication of every wave."""
    waves = run.store.wave_folders("published").values()
    return [dict(files.read_json(path)) for wave in waves for path in wave.glob("rev-*/publication.json")]


def _write_changes(run: Plan, screened: Rescreened, before: Path | None, new: Path) -> dict[str, dict[str, int]]:
    """Writes this revision against the run's cohort and against the revision before; returns the counts of both."""
    refused = screened.plan.work / "out" / "rejections.parquet"
    messages = (
        f"(SELECT registration_id, reasons, message_id, message_en FROM read_parquet('{duckdb_sql.quoted(refused)}'))"
        if refused.is_file()
        else f"({duckdb_sql.empty_query(contracts.REJECTIONS)})"
    )
    against = {"run": run.store.out(run.wave) / "cohort.parquet"}
    if before is not None:
        against["revision"] = before / "cohort.parquet"
    with duckdb_sql.connect(run.work) as db:
        parts = [
            duckdb_sql.sql(
                PACKAGE,
                "sql/changes",
                {
                    "$against": name,
                    "$before": str(path),
                    "$after": str(new / "cohort.parquet"),
                    "{messages}": messages,
                },
            )
            for name, path in against.items()
        ]
        query = f"SELECT * FROM ({' UNION ALL '.join(f'({part})' for part in parts)}) ORDER BY against, registration_id"
        duckdb_sql.copy(db, query, new / "changes.parquet")
    rows = files.read_table(new / "changes.parquet", ["against", "change"]).to_pylist()
    counted = Counter((row["against"], row["change"]) for row in rows)
    return {name: {c: counted[name, c] for c in ("removed", "added", "moved")} for name in against}


def _write_ledger(run: Plan, revision: int, new: Path) -> None:
    """Writes everybody who holds a place: the newest revision of every wave, this one for its own."""
    newest = {run.wave.key: (revision, new / "cohort.parquet")}
    for folder in run.store.wave_folders("published").values():
        if folder.name != run.wave.key and (found := run.store.revisions(folder.name)):
            newest[folder.name] = (revision_number(found[-1]), found[-1] / "cohort.parquet")
    columns = "wave, {}::INTEGER AS revision, rank, registration_id, nik FROM read_parquet('{}')"
    cohorts = [
        f"SELECT {columns.format(number, duckdb_sql.quoted(path))}" for _, (number, path) in sorted(newest.items())
    ]
    with duckdb_sql.connect(run.work) as db:
        holes = {"{cohorts}": " UNION ALL ".join(cohorts)}
        duckdb_sql.copy(db, duckdb_sql.sql(PACKAGE, "sql/ledger", holes), new / "ledger.parquet")


def _below(path: Path, run: Plan) -> str:
    return path.relative_to(run.store.root).as_posix()
