"""Parquet as strangers write it, into Arrow tables of text. Sizes are looked at before values become text.

Text is read as a dictionary first: a value that is repeated a million times is then held once, however long it is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.domain.errors import FileLimitError, MissingColumnError, UnreadableFileError, WrongTypeError
from pipeline.domain.said import said
from pipeline.domain.settings import IngestSettings, settings
from pipeline.ingest.header import column_name
from pipeline.ingest.records import decoded
from pipeline.ingest.set_aside import SetAside

LONG_VALUE = "value longer than the limit"
_BATCH = 5_000
_NUMBERS = ("nik", "kk")


def read_parquet(path: Path, columns: pa.Schema, aside: SetAside, required: Collection[str]) -> Iterator[pa.Table]:
    """The columns of a file as text, batch by batch; rows with a longer value than allowed are set aside.

    ``required`` are the columns that must be there. Raises MissingColumnError, WrongTypeError, UnreadableFileError and
    FileLimitError, each with the file's name.
    """
    limits = settings().ingest
    try:
        with pq.ParquetFile(path) as footer:
            schema = footer.schema_arrow
            _within(footer.metadata, path, limits)
        present = _present(schema, columns, required, path)
        text = [given for given in present.values() if _is_text(schema.field(given).type)]
        with pq.ParquetFile(path, read_dictionary=text, memory_map=False, pre_buffer=False) as file:
            line = 0
            for batch in file.iter_batches(_BATCH, columns=list(present.values())):
                table = pa.Table.from_batches([batch])
                keep = _short_enough(table, present.values(), path, limits)
                for number, kept in enumerate(keep.to_pylist() if not pc.all(keep).as_py() else ()):
                    if not kept:
                        aside.add(line + number + 1, LONG_VALUE)
                yield _as_text(table.filter(keep), present, columns)
                line += batch.num_rows
    except (pa.ArrowException, OSError, UnicodeError) as e:
        raise UnreadableFileError(said("not_parquet", path=path, why=e)) from e


def _within(footer: pq.FileMetaData, path: Path, limits: IngestSettings) -> None:
    size = sum(footer.row_group(i).total_byte_size for i in range(footer.num_row_groups))
    if footer.num_rows > limits.max_rows:
        raise FileLimitError(said("many_rows", path=path, n=limits.max_rows))
    if size > limits.max_file_bytes:
        raise FileLimitError(said("many_bytes", path=path, n=limits.max_file_bytes))


def _present(schema: pa.Schema, columns: pa.Schema, required: Collection[str], path: Path) -> dict[str, str]:
    """The file's own name of each column of the contract that it has."""
    names = [column_name(name) for name in schema.names]
    actual = dict(zip(names, schema.names, strict=True))
    if twice := [name for name in columns.names if names.count(name) > 1]:
        raise UnreadableFileError(said("column_twice", path=path, columns=", ".join(twice)), said("column_once"))
    if missing := [name for name in required if name not in actual]:
        raise MissingColumnError(said("no_column", path=path, columns=", ".join(missing)))
    for field in columns:
        if field.name in actual:
            _need_type(schema.field(actual[field.name]).type, field, path)
    return {name: actual[name] for name in columns.names if name in actual}


def _is_text(given: pa.DataType) -> bool:
    types = pa.types
    return bool(types.is_string(given) or types.is_large_string(given) or types.is_binary(given) or _is_view(given))


def _is_view(given: pa.DataType) -> bool:
    return bool(pa.types.is_string_view(given) or pa.types.is_binary_view(given))


def _need_type(given: pa.DataType, field: pa.Field, path: Path) -> None:
    """A type that can hold what the column means; text always can."""
    types = pa.types
    if types.is_dictionary(given):
        given = given.value_type
    text = _is_text(given) or types.is_null(given)
    if types.is_timestamp(field.type) or types.is_date(field.type):
        fits = types.is_timestamp(given) or types.is_date(given)
    elif types.is_boolean(field.type):
        fits = types.is_boolean(given) or types.is_integer(given)
    else:
        fits = types.is_integer(given) and field.name not in ("full_name", "email", "selfie", "sex", "decision")
    if not (text or fits):
        raise WrongTypeError(said("wrong_type", column=field.name, path=path, given=given, type=field.type))


def _short_enough(table: pa.Table, present: Iterable[str], path: Path, limits: IngestSettings) -> pa.Array:
    """Whether each row of a batch has no value beyond the limit of characters. Raises FileLimitError."""
    keep = pa.repeat(value=True, size=table.num_rows)
    for given in present:
        length = _lengths(table[given])
        if length is None:
            continue
        if (pc.max(length).as_py() or 0) > limits.max_value_bytes:
            raise FileLimitError(said("long_value", path=path, n=limits.max_value_bytes, column=given))
        keep = pc.and_(keep, pc.fill_null(pc.less_equal(length, limits.max_value_chars), fill_value=True))
    return keep


def _as_text(table: pa.Table, present: dict[str, str], columns: pa.Schema) -> pa.Table:
    """A batch as text, with nulls in the columns that the file does not have."""
    nulls = pa.nulls(table.num_rows, pa.string())
    return pa.table({n: _text(table[present[n]], n) if n in present else nulls for n in columns.names})


def _lengths(column: pa.ChunkedArray) -> pa.ChunkedArray | None:
    """Bytes of each value, from the dictionary where there is one; None of what is no text."""
    if not pa.types.is_dictionary(column.type):
        return pc.binary_length(column) if _is_text(column.type) else None
    if not _is_text(column.type.value_type):
        return None
    chunks = [pc.take(pc.binary_length(chunk.dictionary), chunk.indices) for chunk in column.chunks]
    return pa.chunked_array(chunks) if chunks else None


def _text(column: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    """A column as text; a number loses no leading zero of a NIK."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_string(column.type) or pa.types.is_binary(column.type):
        return _decoded(column)
    text = column.cast(pa.string())
    return pc.utf8_lpad(text, 16, "0") if name in _NUMBERS and pa.types.is_integer(column.type) else text


def _decoded(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Text of which every byte may be anything."""
    try:
        text = column.cast(pa.string())
        text.validate(full=True)
        return text
    except pa.ArrowInvalid:
        values = column.cast(pa.binary()).to_pylist()
        return pa.chunked_array([pa.array([None if v is None else decoded(v) for v in values], pa.string())])
