"""CSV as strangers write it, into Arrow batches of text; every physical line is a row, set aside, or blank.

The fast way is Arrow's reader. Where its counts do not add up (a quote that is never closed swallows lines; bytes that
are no UTF-8), the file is read line by line, so that nothing vanishes and nothing stops. No file is held in memory.
"""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

import pyarrow as pa
import pyarrow.csv as pacsv

from pipeline.domain.errors import UnreadableFileError

_BATCH = 50_000
_BLOCK = 8 << 20
RAGGED, UNDECODABLE = "wrong number of fields", "not UTF-8"


@dataclass
class Lines:
    """One file: batches of text columns, read as they are asked for, and the lines set aside, once all are read."""

    header: list[str]
    tables: Iterator[pa.Table]
    set_aside: list[tuple[int, str]]


def read_csv(path: Path) -> Lines | None:
    """Reads a file of any size batch by batch; None when it is blank.

    Raises UnreadableFileError for a header that is not UTF-8 and for damaged gzip, before the first batch.
    """
    try:
        header, separator, physical, plain = _survey(path)
        if not header:
            return None
        if plain and _adds_up(path, header, separator, physical):
            return Lines(header, _fast(path, header, separator), [])
    except (OSError, EOFError, zlib.error) as e:
        raise UnreadableFileError(f"{path} cannot be read: {e}.") from e
    set_aside: list[tuple[int, str]] = []
    return Lines(header, _slow(path, header, separator, set_aside), set_aside)


def _open(path: Path) -> IO[bytes]:
    return cast(IO[bytes], gzip.open(path, "rb")) if path.suffix.lower() == ".gz" else path.open("rb")


def _survey(path: Path) -> tuple[list[str], str, int, bool]:
    """Header, separator, the number of lines after it that are not blank, and whether every line is plain.

    A plain line closes its quotes and has no carriage return inside: a quick reader sees the same lines in it.
    """
    header: list[str] = []
    separator, physical, plain = ",", 0, True
    with _open(path) as file:
        for raw in file:
            if not raw.strip():
                continue
            plain = plain and raw.count(b'"') % 2 == 0 and b"\r" not in raw.rstrip(b"\r\n")
            if header:
                physical += 1
                continue
            try:
                text = raw.decode("utf-8-sig").strip("\r\n")
            except UnicodeDecodeError as e:
                raise UnreadableFileError(f"The header of {path} is not UTF-8.") from e
            separator = ";" if ";" in text and "," not in text else ","
            header = [name.strip().lower().replace(" ", "_") for name in _fields(text, separator) or []]
    return header, separator, physical, plain


def _fields(text: str, separator: str) -> list[str] | None:
    """The fields of one line; None when even a lenient reader gives up."""
    try:
        return next(csv.reader([text], delimiter=separator), [])
    except csv.Error:
        return None


def _adds_up(path: Path, header: list[str], separator: str, physical: int) -> bool:
    """Whether Arrow finds as many rows as there are lines; a quote that is never closed swallows some."""
    if len(set(header)) != len(header):
        return False
    try:
        return bool(sum(batch.num_rows for batch in _fast(path, header, separator)) == physical)
    except pa.ArrowInvalid:
        return False


def _fast(path: Path, header: list[str], separator: str) -> Iterator[pa.Table]:
    """Arrow's way, for well-behaved files."""
    with (
        _open(path) as file,
        pacsv.open_csv(
            file,
            pacsv.ReadOptions(column_names=header, skip_rows=1, use_threads=False, block_size=_BLOCK),
            pacsv.ParseOptions(delimiter=separator),
            pacsv.ConvertOptions(column_types=dict.fromkeys(header, pa.string()), strings_can_be_null=False),
        ) as reader,
    ):
        for batch in reader:
            yield pa.Table.from_batches([batch])


def _slow(path: Path, header: list[str], separator: str, set_aside: list[tuple[int, str]]) -> Iterator[pa.Table]:
    """Line by line: a line is a row or is set aside, whatever stands in it."""
    names = [name if header.index(name) == i else f"{name}#{i}" for i, name in enumerate(header)]
    rows: list[list[str]] = []
    with _open(path) as file:
        for number, fields in _parsed(file, separator):
            if isinstance(fields, str):
                set_aside.append((number, fields))
            elif len(fields) != len(header):
                set_aside.append((number, RAGGED))
            else:
                rows.append(fields)
                if len(rows) == _BATCH:
                    yield _table(rows, names)
                    rows = []
    yield _table(rows, names)


def _parsed(file: IO[bytes], separator: str) -> Iterator[tuple[int, list[str] | str]]:
    """Number and fields (or what is wrong) of every line after the header that is not blank."""
    seen_header = False
    for number, raw in enumerate(file, start=1):
        if not raw.strip():
            continue
        if not seen_header:
            seen_header = True
            continue
        try:
            text = raw.decode("utf-8").strip("\r\n")
        except UnicodeDecodeError:
            yield number, UNDECODABLE
            continue
        yield number, _fields(text, separator) or RAGGED


def _table(rows: list[list[str]], names: list[str]) -> pa.Table:
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    return pa.table({name: pa.array(column, pa.string()) for name, column in zip(names, columns, strict=True)})
