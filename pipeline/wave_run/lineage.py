"""Which files a task of a wave read and wrote, with their hashes where the manifest or the publication says them.

Reads plan, manifest and publication; writes nothing. Photographs are not among them: their names may contain a person's
number.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.domain.run_ref import RunRef
from pipeline.storage import files
from pipeline.wave_run import manifest
from pipeline.wave_run.plan import Plan

#: A number of this many digits in a file's name may be a person's.
_PERSONAL = re.compile(r"\d{9,}")
#: Tables of a run's work, by the task that writes them.
_INGESTED = ("registrations.parquet", "reuploads.parquet", "reviews.parquet")
_SCREENED = ("screened.parquet",)


@dataclass(frozen=True)
class DataFile:
    """One file: its address, and its SHA-256 and rows where they are known."""

    address: str
    sha256: str | None = None
    rows: int | None = None


@dataclass(frozen=True)
class Lineage:
    """What a task read, and what it wrote."""

    read: list[DataFile] = field(default_factory=list)
    written: list[DataFile] = field(default_factory=list)


def lineage_of(task: str, ref: RunRef) -> Lineage:
    """The files of a task that has ended. Tasks that are not named here only use files of the run's work."""
    if task not in _OF_TASK:
        return Lineage()
    return _OF_TASK[task](Plan.load(RunRef(ref.data, ref.wave)))  # as a reader: the run may no longer hold the wave


def _ingest(run: Plan) -> Lineage:
    return Lineage(_files(run, manifest.landed(run)), _work(run, _INGESTED))


def _check_inputs(run: Plan) -> Lineage:
    return Lineage(_work(run, _INGESTED) + _files(run, manifest.extracted(run)))


def _screen(run: Plan) -> Lineage:
    read = [*manifest.extracted(run), *run.store.earlier_cohorts(run.wave)]
    return Lineage(_work(run, _INGESTED) + _files(run, read), _work(run, _SCREENED))


def _finish(run: Plan) -> Lineage:
    said = files.read_json(run.store.out(run.wave) / "manifest.json")
    return Lineage(_listed(run, "", said["inputs"]), _listed(run, f"waves/{run.wave.key}/", said["outputs"]))


def _publish(run: Plan) -> Lineage:
    [*_, newest] = run.store.revisions(run.wave.key)
    said = files.read_json(newest / "publication.json")
    extracts = {key: sha256 for one in said["extracts"].values() for key, sha256 in one["files"].items()}
    cohort = DataFile(_address(run, f"waves/{run.wave.key}/cohort.parquet"), said["approval"]["cohort_sha256"])
    written = [DataFile(_address(run, f"{run.store.key(newest)}/{name}"), sha) for name, sha in said["files"].items()]
    return Lineage([cohort, *(DataFile(_address(run, key), sha) for key, sha in extracts.items())], written)


def _work(run: Plan, names: tuple[str, ...]) -> list[DataFile]:
    return _files(run, [run.work / name for name in names if (run.work / name).is_file()])


def _files(run: Plan, paths: list[Path]) -> list[DataFile]:
    return [DataFile(_address(run, run.store.key(path))) for path in paths]


def _listed(run: Plan, below: str, entries: list[dict[str, Any]]) -> list[DataFile]:
    return [DataFile(_address(run, below + one["file"]), one["sha256"], one["rows"]) for one in entries]


def _address(run: Plan, key: str) -> str:
    """Where a file is, without what may be somebody's number."""
    return f"{run.store.address}/{_PERSONAL.sub('#', key)}"


_OF_TASK: dict[str, Callable[[Plan], Lineage]] = {
    "ingest": _ingest,
    "check_inputs": _check_inputs,
    "screen": _screen,
    "finish": _finish,
    "publish": _publish,
}
