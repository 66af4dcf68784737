"""Which delivery of each extract a wave may use: the newest ``asof`` not after its closing day, and whole.

Looks at folder names and Parquet footers only; reads no row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.domain.calendar import Wave
from pipeline.domain.contracts import EXTRACTS, Table
from pipeline.domain.errors import (
    ExtractTooNewError,
    MissingColumnError,
    MissingExtractError,
    UnreadableFileError,
    WrongTypeError,
)
from pipeline.domain.said import said
from pipeline.storage.paths import Store, delivery_day

#: What a column of a contract may be delivered as; NIK and KK may be 64-bit integers as well as text.
_NUMBERS = ("nik", "kk")
#: Of the population register; without it nobody is known to be of a regency.
REGENCY = "regency_code"
_UNFINISHED = (".part", ".tmp", ".crdownload", ".inprogress")
#: Tables in another form: they make a delivery unreadable, and an older one never takes its place unsaid.
_OTHER = (".csv", ".tsv", ".gz", ".zip", ".xls", ".xlsx", ".ods", ".json", ".jsonl", ".avro", ".orc", ".sql", ".dbf")
_DELIVERED = (".parquet", *_UNFINISHED, *_OTHER)
_FITS: dict[pa.DataType, Callable[[pa.DataType], bool]] = {
    pa.string(): lambda t: pa.types.is_string(t) or pa.types.is_large_string(t) or pa.types.is_string_view(t),
    pa.date32(): lambda t: pa.types.is_date(t) or pa.types.is_timestamp(t),
    pa.bool_(): pa.types.is_boolean,
}


@dataclass(frozen=True)
class Extract:
    """One delivery of one register, and the delivery before it for comparison."""

    name: str
    asof: date
    files: tuple[Path, ...]
    rows: int
    previous_asof: date | None = None
    previous_files: tuple[Path, ...] = ()
    previous_rows: int | None = None

    def to_json(self, store: Store) -> dict[str, Any]:
        """Plain values, for the plan; files by their place below the data root."""
        return {
            "asof": self.asof.isoformat(),
            "files": [store.key(path) for path in self.files],
            "rows": self.rows,
            "previous_asof": self.previous_asof and self.previous_asof.isoformat(),
            "previous_files": [store.key(path) for path in self.previous_files],
            "previous_rows": self.previous_rows,
        }

    @classmethod
    def from_json(cls, name: str, raw: dict[str, Any], store: Store) -> Extract:
        """Back from the plan, with the paths of this machine."""
        before = raw["previous_asof"]
        return cls(
            name,
            date.fromisoformat(raw["asof"]),
            tuple(store.root / file for file in raw["files"]),
            raw["rows"],
            before and date.fromisoformat(before),
            tuple(store.root / file for file in raw["previous_files"]),
            raw["previous_rows"],
        )


def resolve_extracts(store: Store, wave: Wave, until: date | None = None) -> dict[str, Extract]:
    """The extracts of a wave by name; an optional one that was not delivered is absent.

    ``until``: the newest deliveries up to this day instead of the closing day.

    Raises MissingExtractError, ExtractTooNewError, UnreadableFileError, MissingColumnError, WrongTypeError.
    """
    until = until or wave.closing_day
    found = {name: resolve_extract(store, wave, name, until) for name in EXTRACTS}
    return {name: extract for name, extract in found.items() if extract}


def resolve_extract(store: Store, wave: Wave, name: str, until: date) -> Extract | None:
    """One extract, as ``resolve_extracts`` finds it; None for an optional one that was not delivered."""
    contract = EXTRACTS[name]
    _pull(store, name, until)
    folders = {day: folder for day, folder in store.deliveries(name).items() if _begun(folder)}
    usable = sorted(day for day in folders if day <= until)
    if not usable:
        if contract.optional and not folders:
            return None
        if not folders:
            raise MissingExtractError(said("no_extract", wave=str(wave.number), name=name))
        # also of an optional one: a blacklist that came too late is never a silent pass
        days = {"day": min(folders), "closed": wave.closing_day}
        raise ExtractTooNewError(said("extract_too_new", name=name, wave=str(wave.number), **days))
    day = usable[-1]
    current = _files(folders[day])
    by_regency = bool(wave.regencies) and name == "population"
    rows = sum(_checked(path, contract, by_regency=by_regency) for path in current)
    before = usable[-2] if len(usable) > 1 else None
    previous = tuple(_files(folders[before])) if before else ()
    return Extract(name, day, tuple(current), rows, before, previous, sum(map(_rows, previous)) if before else None)


def _pull(store: Store, name: str, until: date) -> None:
    """Of a root elsewhere: the two newest deliveries up to a day, or the earliest one, which is then too new."""
    if not store.elsewhere:
        return
    here = store.root / "extracts" / name
    begun: dict[date, str] = {}
    for key in store.keys(f"extracts/{name}/"):
        folder = key.split("/")[2]
        if (day := delivery_day(folder)) and key.lower().endswith(_DELIVERED):
            begun[day] = f"extracts/{name}/{folder}/"
    usable = sorted(day for day in begun if day <= until)
    gone = [f"extracts/{name}/{path.name}/" for path in here.glob("asof=*") if delivery_day(path.name) not in begun]
    store.pull(*(begun[day] for day in usable[-2:] or sorted(begun)[:1]), *gone)


def _begun(folder: Path) -> bool:
    """Whether anything was delivered here, finished or not; an empty folder is no delivery."""
    return folder.is_dir() and any(p.name.lower().endswith(_DELIVERED) for p in _visible(folder))


def _visible(folder: Path) -> list[Path]:
    return sorted(p for p in folder.iterdir() if p.is_file() and not p.name.startswith("."))


def _files(folder: Path) -> list[Path]:
    """The Parquet files of a delivery. A file still being written makes the delivery unreadable, not smaller."""
    for path in _visible(folder):
        if path.name.lower().endswith(_UNFINISHED):
            raise UnreadableFileError(said("unfinished", path=path))
        if path.name.lower().endswith(_OTHER):
            raise UnreadableFileError(said("extract_not_parquet", path=path), said("all_as_parquet"))
    return [path for path in _visible(folder) if path.suffix.lower() == ".parquet"]


def _metadata(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except (pa.ArrowInvalid, OSError) as e:
        raise UnreadableFileError(said("not_parquet", path=path, why=e)) from e


def _rows(path: Path) -> int:
    with _metadata(path) as file:
        return int(file.metadata.num_rows)


def _checked(path: Path, contract: Table, *, by_regency: bool = False) -> int:
    """Row count of a file whose columns are as the contract has them; with the regency where the calendar names one."""
    with _metadata(path) as file:
        delivered = file.schema_arrow
        for column in contract.columns:
            if column.name not in delivered.names:
                where = {"name": contract.name, "column": column.name, "path": path}
                if column.required:
                    raise MissingColumnError(said("extract_no_column", **where))
                if by_regency and column.name == REGENCY:
                    raise MissingColumnError(said("extract_no_regency", **where))
                continue
            given = delivered.field(column.name).type
            if pa.types.is_dictionary(given):
                given = given.value_type
            fits = _FITS[column.type](given) or (column.name in _NUMBERS and given in (pa.int64(), pa.uint64()))
            if not (fits or pa.types.is_null(given)):
                types = {"given": given, "type": column.type, "path": path}
                raise WrongTypeError(said("extract_wrong_type", column=column.name, name=contract.name, **types))
        return int(file.metadata.num_rows)
