"""A dry run on a delivery: what ingest would read of it, which extracts it would use, and which checks fail.

Runs the wave's own ingest and checks with their work in a folder that is thrown away; below the data root nothing is
written. Holds file names, counts and named errors; no NIK and no name.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from checks.gate import Failure
from checks.inputs import judge_inputs
from pipeline.domain.calendar import Wave
from pipeline.domain.contracts import EXTRACTS
from pipeline.domain.errors import CheckFailedError, EmptyWaveError, GelombangError
from pipeline.domain.said import Said, advice_for, said
from pipeline.domain.settings import settings
from pipeline.ingest.extracts import Extract, resolve_extract
from pipeline.ingest.optional_deliveries import files_of
from pipeline.ingest.registration_files import Stage
from pipeline.ingest.registrations import ingest_registrations
from pipeline.ingest.reuploads import ingest_reuploads, problems
from pipeline.storage import files
from pipeline.storage.paths import Store
from pipeline.storage.task_sync import EARLIER, LANDED


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
    """Something that is wrong, and what to do. ``code`` never changes with a language; ``stops``: the wave would end
    with it. Message and advice know themselves in both languages where they are a ``Said``."""

    what: str
    code: str
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
        _optional(away, wave, found, ingested=ingested)
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
            found.failures.append(_without(away, f"registrations/{one['file']}", _error_of(away, wave, one["file"])))
    for name in record.get("ignored_files", []):
        message, advice = said("ignored_file"), said("as_csv_or_parquet")
        found.notes.append(Finding(f"registrations/{name}", "ignored_file", message, advice, stops=False))
    for column, count in record.get("unreadable_values", {}).items():
        if count:
            message, advice = said("unreadable_values", n=count), said("files_page")
            found.notes.append(Finding(f"registrations.{column}", "unreadable_values", message, advice, stops=False))
    return (away.work(wave) / "registrations.parquet").is_file()


def _optional(away: Store, wave: Wave, found: Delivery, *, ingested: bool) -> None:
    """Reviews and re-uploads: their files, and how many of the re-uploads would be refused, and why."""
    for what in ("reviews", "reuploads"):
        for one in files_of(away, wave, what):
            rows, aside = one.rows.num_rows if one.rows is not None else 0, one.aside
            read = rows + (0 if one.error else aside.total)
            finding = _without(away, f"{what}/{one.path.name}", one.error) if one.error else None
            error = finding.message if finding else ""
            given = (what, one.path.name, read, rows, read - rows, dict(aside.counts) if not one.error else {}, error)
            found.files.append(DeliveredFile(*given))
            if finding:
                found.failures.append(finding)
    if ingested:
        for problem, count in ingest_reuploads(away, wave).refused.items():
            message = said("reuploads_refused", n=count, problem=problem, why=Said(problems()[problem]))
            found.notes.append(Finding("reuploads", problem, message, said("retries_page"), stops=False))


def _finding(store: Store, what: str, error: GelombangError) -> Finding:
    """A named error, with places below the data root and nothing of this machine's."""
    code = type(error).__name__
    message = _each(error.message, lambda text: f"{code}: {text}".replace(f"{store.root}/", ""))
    advice = said("not_there_yet") if isinstance(error, EmptyWaveError) else advice_for(code, error.advice)
    return Finding(what, code, message, advice)


def _without(store: Store, what: str, error: GelombangError) -> Finding:
    """A file that is set aside whole: the wave goes on without it."""
    return replace(_finding(store, what, error), advice=said("again_or_without"), stops=False)


def _error_of(away: Store, wave: Wave, name: str) -> GelombangError:
    """Why a file of registrations is set aside: it is read once more, for ``ingest.json`` has it in one language."""
    path = away.landing(wave, "registrations") / name
    error = Stage(files.fresh(away.work(wave) / "again")).add(path).error or GelombangError("")
    error.message = _each(error.message, lambda text: text.replace(str(path), name))
    return error


def _each(text: str, change: Callable[[str], str]) -> str:
    return text.with_each(change) if isinstance(text, Said) else change(text)


def _judged(failure: Failure) -> Finding:
    expected = _each(failure.expected, lambda text: f" {text}.") if failure.expected else ""
    name = f"{CheckFailedError.__name__}: " if failure.fatal else ""
    sentence = said("judged", observed=f"{failure.observed:.6g}", limit=failure.limit, expected=expected)
    message = sentence.with_each(lambda text: f"{name}{text}")
    advice = said("again_or_limit")
    return Finding(f"{failure.table}.{failure.metric}", failure.metric, message, advice, failure.fatal)
