"""Delimited text as strangers write it, into Arrow tables of text; docs/reference/files.md says what is forgiven.

Every record is a row, is set aside, or is blank. A block in which every line is plainly one record goes through Arrow's
reader; any other is cut into small pieces, and only a piece with an odd line is read record by record.
docs/decisions/0007-delimited-text.md says why the reader is our own.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from pipeline.domain.errors import FileLimitError, MissingColumnError, UnreadableFileError
from pipeline.domain.said import LANGUAGES, Said, said
from pipeline.domain.settings import IngestSettings, settings
from pipeline.ingest.header import Header, header_of, says_separator, unique_names
from pipeline.ingest.records import LineQueue, Record, decoded, records
from pipeline.ingest.set_aside import SetAside
from pipeline.ingest.text_source import TextSource
from pipeline.ingest.whole_quotes import only_whole_quotes

_BATCH = 50_000
#: A block with an odd line is cut into so many pieces, and the piece that has it again, down to so many bytes.
_PIECES, _LEAST = 8, 16 << 10
SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
REPEATED_HEADER, BLANK, LONG_VALUE = "header repeated", "blank row", "value longer than the limit"


@dataclass
class Lines:
    """One file: batches of text columns, read as they are asked for, and what was set aside, once all are read."""

    source: TextSource
    header: Header
    separator: str
    limits: IngestSettings
    set_aside: SetAside
    rows: int = 0
    blank: int = 0
    names: list[str] = field(default_factory=list)

    @property
    def tables(self) -> Iterator[pa.Table]:
        """The file's rows. Raises UnreadableFileError for damaged gzip, and FileLimitError."""
        try:
            yield from _in_batches(self._counted())
        except FileLimitError as e:
            raise FileLimitError(said("beyond_limit", path=self.source.path, what=e.message)) from e
        except (OSError, EOFError, zlib.error) as e:
            raise UnreadableFileError(said("unreadable", path=self.source.path, why=e)) from e

    def _counted(self) -> Iterator[pa.Table]:
        for table in _tables(self):
            self.rows += table.num_rows
            if max(self.rows, self.blank) > self.limits.max_rows:
                raise FileLimitError(said("more_rows", n=self.limits.max_rows))
            yield table

    def need(self, columns: Iterable[str], optional: Iterable[str] = ()) -> None:
        """Says which columns are read: a line that has all those needed is a header, whatever else it has.

        Raises MissingColumnError, with the separator and the encoding that the header was read with, and
        UnreadableFileError where a column that is read is there twice.
        """
        header = self.header
        header.needed = list(columns)
        header.known = list(dict.fromkeys([*header.needed, *optional]))
        self.name_columns(header.names)
        if missing := [name for name in header.needed if name not in header.names]:
            names = [said(name).texts for name in SEPARATORS.values()]
            tried = {
                "encoding": self.source.encoding,
                "separator": said(SEPARATORS[self.separator]),
                "tried": Said({language: ", ".join(name[language] for name in names) for language in LANGUAGES}),
                "n": len(header.names),
            }
            absent = ", ".join(missing)
            raise MissingColumnError(said("no_column_csv", path=self.source.path, columns=absent, **tried))

    def name_columns(self, names: list[str]) -> None:
        """The rows that follow have these columns. Raises UnreadableFileError where one that is read is there twice."""
        if twice := self.header.twice(names):
            columns = ", ".join(twice)
            raise UnreadableFileError(said("column_twice", path=self.source.path, columns=columns), said("column_once"))
        self.names = unique_names(names)


def read_csv(path: Path, limits: IngestSettings | None = None) -> Lines | None:
    """Reads a file of any size batch by batch; None when it is blank. ``limits``: other ones than the settings'.

    Raises UnreadableFileError for damaged gzip and spreadsheets, FileLimitError.
    """
    limits = limits or settings().ingest
    try:
        source = TextSource.of(path, limits)
        first = _first_line(source)
    except (OSError, EOFError, zlib.error) as e:
        raise UnreadableFileError(said("unreadable", path=path, why=e)) from e
    if not first:
        return None
    separator = max(SEPARATORS, key=lambda candidate: len(header_of(first, candidate)))
    header = Header(header_of(first, separator))
    return Lines(source, header, separator, limits, SetAside(limits.listed), names=unique_names(header.names))


def _first_line(source: TextSource) -> str:
    """The header: the first line that is neither blank nor a spreadsheet's word about the separator."""
    if re.match(rb"\s*\Z", source.head):
        return next((text for block in source.blocks() if (text := decoded(block).strip())), "").split("\n")[0]
    lines = (decoded(line).strip("\r\n\x00 ") for line in source.head.split(source.end))
    return next((line for line in lines if line and not says_separator(line)), "")


def _tables(lines: Lines) -> Iterator[pa.Table]:
    queue = LineQueue(lines.source.blocks(), lines.source.end)
    first = True
    while (block := queue.block()) is not None:
        table = None if first else _plain(block, lines)
        table = None if table is None else _without_blank(table, lines)
        if table is not None:
            queue.number += block.count(lines.source.end) + (not block.endswith(lines.source.end))
            yield table
            continue
        if queue.cut(block, max(_LEAST, len(block) // _PIECES)):
            continue
        queue.fill(block)
        if first:
            first = not _past_header(queue)
        yield from _batches(queue, lines)


def _in_batches(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """The same rows in tables of some size. One that holds none is left out, unless it is the first of its columns."""
    held: list[pa.Table] = []
    for table in tables:
        if held and table.column_names != held[0].column_names:
            yield pa.concat_tables(held)
            held = []
        if table.num_rows or not held:
            held.append(table)
        if sum(one.num_rows for one in held) >= _BATCH:
            yield pa.concat_tables(held)
            held = []
    if held:
        yield pa.concat_tables(held)


def _past_header(queue: LineQueue) -> bool:
    """Takes the lines up to the header, and says whether it was there."""
    while (line := queue.take(more=False)) is not None:
        if (text := decoded(line).strip("\r\n\x00 ")) and not says_separator(text):
            return True
    return False


def _batches(queue: LineQueue, lines: Lines) -> Iterator[pa.Table]:
    """The records of the lines in the queue, one by one."""
    rows: list[list[str]] = []
    limits = lines.limits
    found = records(queue, lines.separator, len(lines.header.names), limits.max_record_bytes, limits.max_line_bytes)
    for record in found:
        if isinstance(record, int):
            lines.blank += 1
        elif header := lines.header.again(record.fields):  # another file follows; its columns may have another order
            lines.set_aside.add(record.line, record.problem or REPEATED_HEADER, record.rows)
            if rows:
                yield _table(rows, lines.names)
            lines.name_columns(header)
            rows = []
        elif problem := record.problem or _problem(record, lines):
            lines.set_aside.add(record.line, problem, record.rows)
        else:
            rows.append(record.fields)
            if len(rows) == _BATCH:
                yield _table(rows, lines.names)
                rows = []
    yield _table(rows, lines.names)


def _problem(record: Record, lines: Lines) -> str | None:
    """Why the fields of a record are no row."""
    if not any(map(str.strip, record.fields)):
        lines.blank += 1
        return BLANK
    return LONG_VALUE if any(len(value) > lines.limits.max_value_chars for value in record.fields) else None


def _plain(block: bytes, lines: Lines) -> pa.Table | None:
    """The rows of a block in which every line is a record by itself; None where a closer look is needed."""
    separator = lines.separator.encode()
    if lines.source.end == b"\r":
        if b"\n" in block:
            return None
        block = block.replace(b"\r", b"\n")
    if b"\r" in block and block.count(b"\r") != block.count(b"\r\n"):
        return None
    if lines.header.may_be_in(block) or (b'"' in block and not only_whole_quotes(block, separator)):
        return None
    amiss: list[object] = []

    def skip(row: object) -> str:
        amiss.append(row)
        return "skip"

    try:
        block.decode()
        table = pacsv.read_csv(
            pa.BufferReader(block),
            pacsv.ReadOptions(column_names=lines.names, use_threads=False, block_size=len(block) + 1),
            pacsv.ParseOptions(delimiter=lines.separator, invalid_row_handler=skip),
            pacsv.ConvertOptions(column_types=dict.fromkeys(lines.names, pa.string()), strings_can_be_null=False),
        )
    except (pa.ArrowInvalid, UnicodeDecodeError):
        return None
    long = any(
        (pc.max(pc.binary_length(column)).as_py() or 0) > lines.limits.max_value_chars for column in table.columns
    )
    return None if amiss or long else table


def _without_blank(table: pa.Table, lines: Lines) -> pa.Table | None:
    """The rows that hold something, the others counted; None while blank rows are still named one by one."""
    blank = pc.equal(pc.utf8_trim_whitespace(table.column(0)), "")
    for column in table.columns[1:]:
        if not pc.any(blank).as_py():
            return table
        blank = pc.and_(blank, pc.equal(pc.utf8_trim_whitespace(column), ""))
    if count := pc.sum(blank).as_py():
        if lines.set_aside.counts[BLANK] < lines.limits.listed:
            return None
        lines.blank += count
        lines.set_aside.add(0, BLANK, count)
        return table.filter(pc.invert(blank))
    return table


def _table(rows: list[list[str]], names: list[str]) -> pa.Table:
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    return pa.table({name: pa.array(column, pa.string()) for name, column in zip(names, columns, strict=True)})
