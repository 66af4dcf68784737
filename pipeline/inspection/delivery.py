"""A dry run on a delivery: what ingest would read of it, which extracts it would use, and which checks fail.

Runs the wave's own ingest and checks with their work in a folder that is thrown away; below the data root nothing is
written. Holds file names, counts and named errors; no NIK and no name.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from checks.gate import Failure
from checks.inputs import judge_inputs
from pipeline.domain.calendar import Wave
from pipeline.domain.contracts import EXTRACTS
from pipeline.domain.errors import CheckFailedError, EmptyWaveError, GelombangError
from pipeline.domain.settings import settings
from pipeline.ingest.extracts import Extract, resolve_extract
from pipeline.ingest.optional_deliveries import files_of
from pipeline.ingest.registrations import ingest_registrations
from pipeline.ingest.reuploads import ingest_reuploads
from pipeline.storage import files
from pipeline.storage.paths import Store
from pipeline.storage.task_sync import EARLIER, LANDED

_LIMIT = (
    "Have it delivered again. If the delivery is right and the limit is wrong, set the limit: "
    "docs/reference/settings.md, GELOMBANG_CHECKS__*."
)
_QUARANTINED = "Have the file delivered again: as it is, the wave goes on without it."


@dataclass(frozen=True)
class DeliveredFile:
    """One file of the wave: rows by what would become of them; ``error`` where the whole file would be set aside."""

    folder: str
    file: str
    read: int
    taken_in: int
    set_aside: int
    problems: dict[str, int]
    error: str = ""


@dataclass(frozen=True)
class Finding:
    """Something that is wrong, and what to do. ``stops``: the wave would end with it."""

    what: str
    message: str
    advice: str
    stops: bool = True


@dataclass
class Delivery:
    """Everything that a dry run found."""

    wave: Wave
    files: list[DeliveredFile] = field(default_factory=list)
    extracts: dict[str, Extract] = field(default_factory=dict)
    failures: list[Finding] = field(default_factory=list)
    notes: list[Finding] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Whether nothing fails; notes do not count."""
        return not self.failures

    def to_json(self) -> dict[str, Any]:
        """Plain values for machines."""
        columns = ("name", "asof", "rows", "previous_asof", "previous_rows")
        extracts = [{name: getattr(x, name) for name in columns} for x in self.extracts.values()]
        return {
            "wave": self.wave.number,
            "closing_day": self.wave.closing_day.isoformat(),
            "sound": self.sound,
            "files": [asdict(one) for one in self.files],
            "extracts": [{k: v.isoformat() if "asof" in k and v else v for k, v in x.items()} for x in extracts],
            "failures": [asdict(one) for one in self.failures],
            "notes": [asdict(one) for one in self.notes],
        }


def inspect_delivery(store: Store, wave: Wave) -> Delivery:
    """The dry run. Whatever is wrong with the delivery is in the answer, never raised."""
    found = Delivery(wave)
    for part in (*LANDED, *EARLIER):
        store.pull(part.prefix.format(wave=wave.key), only=part.only)
    with _work_outside() as folder:
        away = store.with_work_in(folder)
        ingested = _registrations(away, wave, found)
        _optional(away, wave, found, ingested)
        for name in EXTRACTS:
            try:
                if extract := resolve_extract(store, wave, name, wave.closing_day):
                    found.extracts[name] = extract
            except GelombangError as e:
                found.failures.append(_finding(store, f"extracts/{name}", e))
        report = judge_inputs(folder, wave, found.extracts, settings().checks, registrations=ingested)
        for failure in report.failures:
            (found.failures if failure.fatal else found.notes).append(_judged(failure))
    return found


@contextmanager
def _work_outside() -> Iterator[Path]:
    """A folder that is gone afterwards, with the temporary files that libraries make meanwhile."""
    before = tempfile.tempdir
    with tempfile.TemporaryDirectory(prefix="gelombang-check-") as name:
        folder = Path(name)
        (folder / "libraries").mkdir()
        tempfile.tempdir = str(folder / "libraries")
        try:
            yield folder / "work"
        finally:
            tempfile.tempdir = before


def _registrations(away: Store, wave: Wave, found: Delivery) -> bool:
    """Ingests them into the folder; whether there is something to judge."""
    try:
        ingest_registrations(away, wave)
    except GelombangError as e:
        found.failures.append(_finding(away, "registrations", e))
    path = away.work(wave) / "ingest.json"
    record = files.read_json(path) if path.is_file() else {"files": [], "quarantined_files": {}}
    for one in record["files"]:
        error = record["quarantined_files"].get(one["file"], "")
        found.files.append(DeliveredFile("registrations", **one, error=error))
        if error:
            found.failures.append(Finding(f"registrations/{one['file']}", error, _QUARANTINED, stops=False))
    for name in record.get("ignored_files", []):
        said = "This file is neither CSV nor Parquet and is not read."
        found.notes.append(Finding(f"registrations/{name}", said, "Deliver it as CSV or Parquet.", stops=False))
    for column, count in record.get("unreadable_values", {}).items():
        if count:
            said = f"{count:,} values cannot be read and count as empty."
            found.notes.append(Finding(f"registrations.{column}", said, "docs/reference/files.md", stops=False))
    return (away.work(wave) / "registrations.parquet").is_file()


def _optional(away: Store, wave: Wave, found: Delivery, ingested: bool) -> None:
    """Reviews and re-uploads: their files, and how many of the re-uploads would be refused, and why."""
    for what in ("reviews", "reuploads"):
        for one in files_of(away, wave, what):
            rows, aside = one.rows.num_rows if one.rows is not None else 0, one.aside
            read = rows + (0 if one.error else aside.total)
            finding = _finding(away, f"{what}/{one.path.name}", one.error) if one.error else None
            error = finding.message if finding else ""
            given = (what, one.path.name, read, rows, read - rows, dict(aside.counts) if not one.error else {}, error)
            found.files.append(DeliveredFile(*given))
            if finding:
                found.failures.append(Finding(finding.what, error, _QUARANTINED, stops=False))
    if ingested:
        for problem, count in ingest_reuploads(away, wave).refused.items():
            said = f"{count:,} re-uploads are refused: {problem}."
            found.notes.append(Finding("reuploads", said, "docs/how-to/photo-retries.md", stops=False))


def _finding(store: Store, what: str, error: GelombangError) -> Finding:
    """A named error, with places below the data root and nothing of this machine's."""
    advice = "Registrations are not there yet, or none can be read." if isinstance(error, EmptyWaveError) else ""
    return Finding(
        what, f"{type(error).__name__}: {error.message}".replace(f"{store.root}/", ""), error.advice or advice
    )


def _judged(failure: Failure) -> Finding:
    said = f"{failure.observed:.6g}, must be {failure.limit}."
    expected = f" {failure.expected}." if failure.expected else ""
    name = f"{CheckFailedError.__name__}: " if failure.fatal else ""
    return Finding(f"{failure.table}.{failure.metric}", f"{name}{said}{expected}", _LIMIT, failure.fatal)
