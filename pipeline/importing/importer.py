"""One import: a source becomes ``extracts/<name>/asof=YYYY-MM-DD/<name>.parquet``, whole or not at all.

Rows pass through once as a stream of batches, are typed in a file next to the work (``staging.py``) and sorted by NIK
from there: memory does not grow with the register.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path

import duckdb
from filelock import FileLock, Timeout

from checks.extracts import extract_metrics
from checks.gate import verdict
from pipeline.domain.contracts import EXTRACTS, Table
from pipeline.domain.errors import BadSettingError, CheckFailedError, DeliveryExistsError, StoreError
from pipeline.domain.settings import settings
from pipeline.importing import readings
from pipeline.importing.mapping import Mapping
from pipeline.importing.outcome import Outcome, refuse_what_is_none
from pipeline.importing.sources import Source, open_sources
from pipeline.importing.staging import Progress, stage
from pipeline.ingest.extracts import Extract
from pipeline.record import log
from pipeline.storage import duckdb_sql, files
from pipeline.storage.paths import Store

#: What DuckDB gets of GELOMBANG_SCREENING__MEMORY_LIMIT while it sorts.
_OF_LIMIT = 0.6


@dataclass(frozen=True)
class Order:
    """What is imported: an extract's ``name``, the ``source`` as it was named, and the day of its data."""

    name: str
    source: str
    asof: date
    mapping: Path | None = None
    table: str = ""
    replace: bool = False

    @property
    def contract(self) -> Table:
        """The columns of the extract."""
        return EXTRACTS[self.name]

    @property
    def key(self) -> str:
        """Where the delivery comes to be, below the root."""
        return f"extracts/{self.name}/asof={self.asof}"

    def work(self, store: Store) -> Path:
        """The folder that the import works in."""
        return store.root / "work" / f"import-{self.name}-{self.asof}"


def import_extract(store: Store, order: Order, progress: Progress = lambda rows: None) -> tuple[Outcome, str]:
    """Makes a delivery; returns what was found, and its key below the root. Writes a line into the record.

    Raises the errors of the source, of the mapping and of the checks, DeliveryExistsError, DiskFullError.
    """
    if order.name not in EXTRACTS:
        raise BadSettingError(f"There is no extract {order.name}.", f"There are {', '.join(EXTRACTS)}.")
    if order.asof > datetime.now().astimezone().date():
        raise BadSettingError(f"{order.asof} has not come yet.", "--asof is the day as of which the register stood.")
    mapping = Mapping.at(order.mapping, order.contract).of_table(order.table)
    _refuse_to_overwrite(store, order)
    sources = open_sources(order.source, mapping, list(mapping.theirs(order.contract).values()))
    mapping = mapping.among(order.contract, [source.header() for source in sources])
    with _alone(order.work(store)):
        try:
            return _imported(store, order, mapping, sources, progress), order.key
        finally:
            shutil.rmtree(order.work(store), ignore_errors=True)


def _imported(store: Store, order: Order, mapping: Mapping, sources: list[Source], progress: Progress) -> Outcome:
    """Stages, judges and installs the delivery. Raises the errors of ``import_extract``."""
    contract, work = order.contract, order.work(store)
    new, staged = files.fresh(work / "delivery"), work / "staged.parquet"
    found = stage(contract, mapping, sources, staged, progress)
    refuse_what_is_none(found, contract, settings().checks)
    path = new / f"{order.name}.parquet"
    with duckdb_sql.connect(work) as db:
        _leave_room(db)
        readings.define(db)
        duckdb_sql.copy(db, readings.delivery(contract, duckdb_sql.read([staged])), path)
        staged.unlink()
        found.notes += _judged(db, store, Extract(order.name, order.asof, (path,), found.rows), work)
    says = {"sha256": files.sha256(path), "bytes": path.stat().st_size}
    facts = {
        "extract": order.name,
        "asof": str(order.asof),
        "source": [one.says for one in sources],
        "rows": found.rows,
    }
    facts |= {"aside": found.aside.total(), "files": {f"{order.key}/{path.name}": says}}
    if order.mapping:
        facts["mapping_sha256"] = sha256(order.mapping.read_bytes()).hexdigest()
    _install(store, order, new, lambda: log.note(store, "imported", None, facts))
    return found


def _leave_room(db: duckdb.DuckDBPyConnection) -> None:
    """Gives DuckDB a part of its limit: Arrow and the checks take memory in this process, too."""
    [(limit,)] = db.sql("SELECT current_setting('memory_limit')").fetchall()
    number, unit = limit.split()
    db.execute(f"SET memory_limit = '{float(number) * _OF_LIMIT:.2f} {unit}'")


def _judged(db: duckdb.DuckDBPyConnection, store: Store, extract: Extract, work: Path) -> list[str]:
    """The checks that every wave makes of a delivery; returns what is worth a look. Raises CheckFailedError."""
    earlier = [day for day in store.deliveries(extract.name) if day < extract.asof] if not store.elsewhere else []
    if earlier and (before := sorted(store.deliveries(extract.name)[max(earlier)].glob("*.parquet"))):
        number = sum(files.rows(one) or 0 for one in before)
        extract = replace(
            extract, previous_asof=max(earlier), previous_files=tuple(before), previous_rows=number or None
        )
    limits = settings().checks
    report = verdict({extract.name: extract_metrics(db, extract, limits)}, work / "data_docs", limits)
    if fatal := [str(failure) for failure in report.failures if failure.fatal]:
        raise CheckFailedError(
            "; ".join(fatal) + ".",
            "Mend the source or the mapping, or, where it is right, the limit's setting (GELOMBANG_CHECKS__*). "
            "Nothing was written.",
        )
    return [failure.message for failure in report.failures]


def _refuse_to_overwrite(store: Store, order: Order) -> None:
    """Raises DeliveryExistsError."""
    there = store.keys(f"{order.key}/")
    if there and not order.replace:
        raise DeliveryExistsError(f"{store.address}/{order.key} is there already.")
    if store.elsewhere and set(there) - {f"{order.key}/{order.name}.parquet"}:
        raise DeliveryExistsError(
            f"{store.address}/{order.key} holds other files, which cannot be replaced in one step there.",
            "Delete that folder, then import.",
        )


def _install(store: Store, order: Order, new: Path, note: Callable[[], object]) -> None:
    """Gives the finished folder its name. The line in the record is written first: no delivery appears without one."""
    target = store.root / order.key
    target.parent.mkdir(parents=True, exist_ok=True)
    note()
    if order.replace or store.elsewhere:
        files.install(new, target)
    else:
        files.rename_new(new, target)
    store.push(f"{order.key}/")


@contextmanager
def _alone(work: Path) -> Iterator[None]:
    """Refuses a second import of the same delivery while one runs. Raises StoreError."""
    work.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(work.with_suffix(".lock"), timeout=0):
            try:
                yield
            finally:
                work.with_suffix(".lock").unlink(missing_ok=True)
    except Timeout as e:
        raise StoreError(f"{work.name} is under way already.", "Wait until it has ended.") from e
