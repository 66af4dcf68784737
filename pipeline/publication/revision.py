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

import pyarrow as pa

from pipeline import __version__
from pipeline.domain.errors import NotWhatWasApprovedError, SecondPlaceError
from pipeline.publication import removals
from pipeline.publication.changed_notices import write_changed_notices
from pipeline.publication.public_figures import write_public_figures, write_public_publication
from pipeline.publication.public_files import FOLDER as PUBLIC
from pipeline.publication.public_files import write_public_files
from pipeline.publication.public_page import write_public_page
from pipeline.publication.rescreen import Rescreened, rescreen
from pipeline.publication.taken_out import decided_about
from pipeline.record import log
from pipeline.reports.figures.wave_figures import figures
from pipeline.reports.spreadsheet import write_spreadsheet
from pipeline.reports.wave_report import write_report
from pipeline.reports.wave_states import published_as
from pipeline.screening.name_patterns import define_macros
from pipeline.storage import duckdb_sql, files, wave_lock
from pipeline.storage.modes import make_public
from pipeline.storage.paths import revision_number
from pipeline.wave_run.evidence import must_be_as_decided
from pipeline.wave_run.plan import Plan

PACKAGE = "pipeline.publication"


@dataclass(frozen=True)
class Approval:
    """Who approved which cohort, when, by which decree; ``run`` distinguishes two approvals of one wave."""

    by: str
    at: str
    decree: str
    run: str
    cohort_sha256: str


def publish(
    run: Plan, approval: Approval, now: datetime, approver: dict[str, Any], removing: int | None = None
) -> dict[str, Any]:
    """Publishes a wave and returns its ``publication.json``; the same approval again returns what it published, and so
    does another try of one that was killed.

    ``approver``: what is known of the approver, for the record. ``removing``: how many they agreed to take out.
    Approval and publication are in the record.

    Raises NotWhatWasApprovedError, ManyRemovedError, SecondPlaceError, WaveNotRunError and the errors of a bad extract;
    then nothing is published.
    """
    with wave_lock.publication(run.store, run.wave, approval.run):
        run.store.pull("published/")
        if folder := _done_before(run, approval):
            done = _publication_of(folder)
            _note_published(run, folder, done)
            return done
        approved = run.store.out(run.wave) / "cohort.parquet"
        if files.sha256(approved) != approval.cohort_sha256:
            raise NotWhatWasApprovedError(f"The cohort of wave {run.wave.number} has changed since it was approved.")
        must_be_as_decided(run)
        log.note_once(run.store, "approved", run.wave.number, asdict(approval), by=approval.by)
        screened = rescreen(run, now.date())
        gone = removals.agreed(run, screened, _against(run).values(), removing)
        _no_second_places(run, screened)
        folder, published = _commit(run, screened, approval, gone, now=now, approver=approver, removing=removing)
        _note_published(run, folder, published)
        return published


def _done_before(run: Plan, approval: Approval) -> Path | None:
    """The revision that this approval published, if there is one.

    At a prompt each try is another approval. It finishes the newest revision if that is of the same cohort, person and
    decree, its own approval is in the record, and the record does not have it yet.
    """
    folders = run.store.revisions(run.wave.key)
    for folder in folders:
        if _publication_of(folder).get("approval") == asdict(approval):
            return folder
    if not folders or not (given := _publication_of(folders[-1]).get("approval")):
        return None
    same = {"by": approval.by, "decree": approval.decree, "cohort_sha256": approval.cohort_sha256}
    noted = [e.facts["revision"] for e in log.entries(run.store, run.wave.number, "published")]
    killed = revision_number(folders[-1]) not in noted
    approved = given in [e.facts for e in log.entries(run.store, run.wave.number, "approved")]
    return folders[-1] if killed and approved and same.items() <= given.items() else None


def _publication_of(folder: Path) -> dict[str, Any]:
    path = folder / "publication.json"
    return dict(files.read_json(path)) if path.is_file() else {}


def _note_published(run: Plan, folder: Path, published: dict[str, Any]) -> None:
    """Notes a publication, also one whose task was killed before it noted it."""
    facts = {"revision": published["revision"], "publication_sha256": files.sha256(folder / "publication.json")}
    facts |= {"accepted": published["accepted"], "decree": published["decree"], **published["changes"]["run"]}
    log.note_once(run.store, "published", run.wave.number, facts, by=published["approval"]["by"])


def _no_second_places(run: Plan, screened: Rescreened) -> None:
    """Refuses to give a place to anyone whom a later wave has accepted."""
    earlier = set(run.store.cohorts(before=run.wave.number + 1))
    later = [path for path in run.store.cohorts() if path not in earlier]
    if not later:
        return
    listed = run.work / "second_places.csv"
    with duckdb_sql.connect(run.work) as db:
        define_macros(db)
        holes = {"$cohort": duckdb_sql.named(screened.cohort), "{later}": duckdb_sql.read(later)}
        people = duckdb_sql.copy_csv(db, duckdb_sql.sql(PACKAGE, "sql/second_places", holes), listed)
    if people:
        raise SecondPlaceError(
            f"Of wave {run.wave.number} {people:,} would hold a place in a later wave too; {listed} names them."
        )


def _against(run: Plan) -> dict[str, Path]:
    """The cohorts that a revision is compared with: the run's, and that of the revision before, if there is one."""
    before = run.store.revisions(run.wave.key)
    folders = {"run": run.store.out(run.wave)} | ({"revision": before[-1]} if before else {})
    return {name: folder / "cohort.parquet" for name, folder in folders.items()}


def _commit(
    run: Plan,
    screened: Rescreened,
    approval: Approval,
    gone: set[str],
    *,
    now: datetime,
    approver: dict[str, Any],
    removing: int | None,
) -> tuple[Path, dict[str, Any]]:
    """Writes the revision under another name, then gives it its own. Returns its folder and its
    ``publication.json``. ``gone``: whose place it takes away."""
    before = run.store.revisions(run.wave.key)
    revision = revision_number(before[-1]) + 1 if before else 1
    target = run.store.published(run.wave.key)
    for left in target.glob(".rev-*"):
        shutil.rmtree(left, ignore_errors=True)
    new = files.fresh(target / f".rev-{revision}.{os.getpid()}")
    files.copy(screened.cohort, new / "cohort.parquet")
    about = decided_about(screened, gone)
    changes = _write_changes(run, _against(run), about, new)
    _write_ledger(run, revision, new)
    write_changed_notices(run.store, run.wave, new, about)
    accepted = files.rows(new / "cohort.parquet")
    said = {"revision": revision, "accepted": accepted, "decree": approval.decree, "changes": changes}
    _write_reports(run, new, {**said, "published_at": now.isoformat(timespec="seconds")})
    public = new / PUBLIC
    public.mkdir()
    if write_public_files(run, new, screened.decisions):
        write_public_page(public)
    write_public_figures(run, new, public)
    published = {
        "wave": run.wave.number,
        "revision": revision,
        "sequence": 1 + max((r.get("sequence", 0) for r in _publications(run)), default=0),
        "decree": approval.decree,
        "approval": asdict(approval),
        "approver": approver,
        "removing_agreed": removing,
        "published_at": now.isoformat(timespec="seconds"),
        "quota": run.wave.quota,
        "accepted": accepted,
        "changes": changes,
        "extracts": {
            name: {"asof": str(x.asof), "files": {_below(p, run): files.sha256(p) for p in x.files}}
            for name, x in screened.plan.extracts.items()
        },
        "manifest_sha256": files.sha256(run.store.out(run.wave) / "manifest.json"),
        "files": {},
        "record": asdict(log.head(run.store)),
        "software": {"gelombang": __version__},
    }
    write_public_publication(published, public)
    published["files"] = {p.relative_to(new).as_posix(): files.sha256(p) for p in _files(new)}
    files.write_json(published, new / "publication.json")
    folder = target / f"rev-{revision}"
    run.store.commit(new, folder, "publication.json", once=True)
    make_public(folder / public.name, run.store.root)
    return folder, published


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _write_reports(run: Plan, new: Path, said: dict[str, Any]) -> None:
    """Writes report and spreadsheet once more, with what the publication says; those of the run stay as they are."""
    if (run.work / "out" / "funnel.json").is_file():
        found, published = figures(run.store, run.wave), published_as(said, new)
        write_report(run.store, run.wave, found, published, new / "report.html")
        write_spreadsheet(
            run.store, run.wave, language=None, found=found, published=published, path=new / "funnel.xlsx"
        )


def _publications(run: Plan) -> list[dict[str, Any]]:
    """Every publication of every wave."""
    waves = run.store.wave_folders("published").values()
    return [dict(files.read_json(path)) for wave in waves for path in wave.glob("rev-*/publication.json")]


def _write_changes(run: Plan, against: dict[str, Path], about: pa.Table, new: Path) -> dict[str, dict[str, int]]:
    """Writes this revision against the run's cohort and against the revision before; returns the counts of both.

    ``about``: what the last screening decided about those who have no place.
    """
    with duckdb_sql.connect(run.work) as db:
        db.register("about", about)
        parts = [
            duckdb_sql.sql(
                PACKAGE,
                "sql/changes",
                {
                    "$against": name,
                    "$before": duckdb_sql.named(path),
                    "$after": duckdb_sql.named(new / "cohort.parquet"),
                    "{about}": "about",
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
    """Writes everybody who holds a place: the newest revision of every wave, this revision for its own wave."""
    newest = {run.wave.key: (revision, new / "cohort.parquet")}
    for folder in run.store.wave_folders("published").values():
        if folder.name != run.wave.key and (found := run.store.revisions(folder.name)):
            kept = run.store.places(folder.name)  # once the wave's key is destroyed
            newest[folder.name] = (revision_number(found[-1]), kept if kept.is_file() else found[-1] / "cohort.parquet")
    columns = "wave, {}::INTEGER AS revision, rank, registration_id, nik FROM read_parquet('{}')"
    cohorts = [
        f"SELECT {columns.format(number, duckdb_sql.quoted(path))}" for _, (number, path) in sorted(newest.items())
    ]
    with duckdb_sql.connect(run.work) as db:
        holes = {"{cohorts}": " UNION ALL ".join(cohorts)}
        duckdb_sql.copy(db, duckdb_sql.sql(PACKAGE, "sql/ledger", holes), new / "ledger.parquet")


def _below(path: Path, run: Plan) -> str:
    return path.relative_to(run.store.root).as_posix()
