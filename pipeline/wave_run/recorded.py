"""What a run writes into the record: how it was started, what was delivered, what came out.

Earlier runs of the same wave with another result are no secret: the approval form and the report name them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from pipeline import __version__
from pipeline.draw.frozen_list import RECORD, folder_key
from pipeline.record import log
from pipeline.storage import files
from pipeline.storage.paths import revision_number
from pipeline.storage.sealed_paths import can_be_opened
from pipeline.wave_run.plan import Plan

#: Below a run's work: earlier runs of the wave that had another result, for the report.
EARLIER_RESULTS = "earlier_results.json"


def prepared(run: Plan, run_id: str) -> None:
    """A run begins, for the first time or after it was cleared."""
    before = [e for e in log.entries(run.store, run.wave.number, "run_prepared") if e.facts["run"] == run_id]
    facts = {"run": run_id, "again": len(before), "given": run.given, "quota": run.wave.quota, "seed": run.wave.seed}
    facts |= {"plan_sha256": files.sha256(run.path)}
    log.note(run.store, "run_prepared", run.wave.number, facts, by=run.started_by)


def deliveries(run: Plan, paths: Iterable[Path]) -> int:
    """Notes every delivered file that the record does not know as it is; returns their number."""
    known: dict[str, str] = {}
    for entry in log.entries(run.store, None, "deliveries"):
        known |= {key: file["sha256"] for key, file in entry.facts["files"].items()}
    here = {run.store.key(path): {"sha256": files.sha256(path), "bytes": path.stat().st_size} for path in paths}
    new = {key: file for key, file in here.items() if known.get(key) != file["sha256"]}
    if new:
        log.note(run.store, "deliveries", run.wave.number, {"files": new})
    return len(new)


def frozen(run: Plan) -> None:
    """The list of a draw by a beacon is frozen."""
    key = f"{folder_key(run.wave)}/{RECORD}"
    kept = run.store.read(key) or b"{}"
    said = json.loads(kept)
    names = ("list_sha256", "list_merkle_sha256", "priority_sha256", "priority", "size", "beacon", "round")
    facts = {**{name: said.get(name) for name in names}, "file": key, "file_sha256": sha256(kept).hexdigest()}
    facts |= {"public": facts["size"] - facts["priority"], "quota": run.wave.quota}
    log.note_once(run.store, "list_frozen", run.wave.number, facts)


def drawn(run: Plan) -> None:
    """The list is drawn from: of a wave with a seed the list is fixed now, of one with a beacon its round is known."""
    said = files.read_json(run.work / "draw.json")
    if run.wave.beacon:
        of_beacon = ("beacon", "round", "signature", "randomness", "seed")
        log.note(run.store, "beacon", run.wave.number, {name: said[name] for name in of_beacon})
        return
    names = ("list_sha256", "list_merkle_sha256", "priority_sha256", "priority", "public", "quota", "seed")
    log.note(run.store, "list_frozen", run.wave.number, {name: said.get(name) for name in names})


def verified(run: Plan, verdicts: Iterable[Path]) -> None:
    """The verdicts that the decision takes."""
    hashes = {path.name: files.sha256(path) for path in verdicts}
    log.note(run.store, "verified", run.wave.number, {"verdicts": hashes})


def finished(run: Plan, out: Path) -> None:
    """The run's result, noted before it appears: so every visible result is in the record."""
    facts: dict[str, Any] = {f"{x}_sha256": files.sha256(out / f"{x}.parquet") for x in ("cohort", "decisions")}
    facts |= {"manifest_sha256": files.sha256(out / "manifest.json"), "seed": run.wave.seed}
    facts |= {"accepted": files.rows(out / "cohort.parquet"), "quota": run.wave.quota, "given": run.given}
    log.note_once(run.store, "run_finished", run.wave.number, facts)


def earlier_results(run: Plan) -> Path:
    """Writes how many other results earlier runs of the wave had, and what differed: ``earlier_results.json``.

    A run with the same result is the same run: it says nothing, so that a repeated run gives the same report. Said as
    well is whether somebody holds a published place and is not in this cohort: ``lost`` and the ``revision``.
    """
    cohort = files.sha256(run.work / "out" / "cohort.parquet")
    done = [e for e in log.entries(run.store, run.wave.number, "run_finished") if e.facts["cohort_sha256"] != cohort]
    said: dict[str, Any] = {"results": len({e.facts["cohort_sha256"] for e in done}), "differs": []}
    if done:
        last = done[-1]
        later = [e for e in log.entries(run.store, None, "deliveries") if e.number > last.number]
        came = {key for e in later for key in e.facts["files"]}
        came = {key for key in came if key.startswith((f"landing/{run.wave.key}/", "extracts/"))}
        answered = {key for key in came if "/reviews/" in key or "/reuploads/" in key}
        differs = {
            "seed": last.facts["seed"] != run.wave.seed,
            "quota": last.facts["quota"] != run.wave.quota,
            "software": last.software != __version__,
            "deliveries": bool(came - answered),
            "reviews": bool(answered),
        }
        said["differs"] = [name for name, differed in differs.items() if differed] or ["other"]
    return files.write_json({**said, **_lost(run)}, run.work / EARLIER_RESULTS)


def _lost(run: Plan) -> dict[str, int]:
    """How many of the newest revision's cohort are not in the run's; empty where there is none, or it lost its key.

    Whom its last screening let in was in no run's cohort: the next last screening lets them in, or another.
    """
    run.store.pull(f"published/{run.wave.key}/", only=("publication.json", "cohort.parquet", "changes.parquet"))
    folders = run.store.revisions(run.wave.key)
    if not folders or not can_be_opened(folders[-1] / "cohort.parquet"):
        return {}
    held, now = (files.application_ids(folder / "cohort.parquet") for folder in (folders[-1], run.work / "out"))
    added = (pc.field("against") == "run") & (pc.field("change") == "added")
    let_in = files.application_ids(folders[-1] / "changes.parquet", added)
    lost = len(held - let_in - now)
    return {"lost": lost, "revision": revision_number(folders[-1])} if lost else {}
