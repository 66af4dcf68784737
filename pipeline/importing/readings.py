"""How each column of a register is read from its text, as SQL: a value of the contract's type, or null and counted.

A row without a usable NIK is set aside: no application can be compared with it. Every other fault empties one value.
"""

from __future__ import annotations

import duckdb
import pyarrow as pa

from pipeline.domain.contracts import Column, Table
from pipeline.importing.mapping import Mapping
from pipeline.storage import duckdb_sql
from pipeline.storage.sql_text import literal, quoted

NO_NIK, SPOILT_NIK, NOT_SIXTEEN = "no NIK", "NIK changed by a spreadsheet (3.17E+15)", "NIK is not sixteen digits"
#: Columns that are numbers: they sort faster, sixteen digits take eight bytes, and a delivery is searched by ranges.
NUMBERS = ("nik", "kk")
_PROBLEM = (
    f"CASE WHEN nik_text IS NULL THEN {literal(NO_NIK)} WHEN nik_read IS NOT NULL THEN NULL "
    f"WHEN spoilt(nik_text) THEN {literal(SPOILT_NIK)} ELSE {literal(NOT_SIXTEEN)} END AS problem"
)


def define(db: duckdb.DuckDBPyConnection) -> None:
    """The functions that the readings call."""
    for name in ("texts", "moments", "days"):
        duckdb_sql.run(db, "pipeline.ingest", f"sql/{name}")
    duckdb_sql.run(db, "pipeline.importing", "sql/values")


def staged(contract: Table, mapping: Mapping) -> str:
    """The query that reads ``delivered`` (texts under our names) into typed rows.

    Beside each column: ``bad_<column>``, of a column with a closed list ``word_<column>``, the word outside it, and of
    the NIK the row's ``problem``, or null.
    """
    columns = contract.columns
    bare = ", ".join(f"{_bare(column, mapping)} AS {column.name}" for column in columns)
    said = ", ".join(f"said({column.name}) AS {column.name}" for column in columns)
    translated = ", ".join(f"{_translated(column, mapping)} AS {column.name}" for column in columns)
    read = ", ".join(
        f"{column.name} AS {column.name}_text, {_value(column)} AS {column.name}_read" for column in columns
    )
    final = []
    for column in columns:
        name, unreadable = column.name, f"{column.name}_text IS NOT NULL AND {column.name}_read IS NULL"
        final += [f"{name}_read AS {name}", f"{unreadable} AS bad_{name}"]
        if column.allowed:
            final.append(f"CASE WHEN {unreadable} THEN left({name}_text, 30) END AS word_{name}")
        if name == "nik":
            final.append(_PROBLEM)
    return (  # one step after the other: DuckDB would do again what is in one expression twice
        f"WITH bare AS (SELECT {bare} FROM delivered), said AS (SELECT {said} FROM bare), "
        f"translated AS (SELECT {translated} FROM said), read AS (SELECT {read} FROM translated) "
        f"SELECT {', '.join(final)} FROM read"
    )


def delivery(contract: Table, rows: str) -> str:
    """The query of the delivery: the contract's columns, sorted by NIK; rows of one NIK in a fixed order.

    NIK and KK are numbers, so that a register can be searched range by range (``storage/nik_ranges.py``).

    A row with a problem is one without a NIK. ``problem IS NULL`` cannot be used instead: DuckDB 2.0.0 takes every row
    for null where a Parquet file has a text without a dictionary, and one value of it beside nulls.
    """
    columns = ", ".join(contract.schema.names)
    return (
        f"SELECT {columns} FROM (SELECT *, hash({columns}) AS among_equals FROM {rows} "
        "WHERE nik IS NOT NULL ORDER BY nik, among_equals)"
    )


def _bare(column: Column, mapping: Mapping) -> str:
    constant = mapping.constants.get(column.name)
    return f"bare({column.name})" if constant is None else f"bare({literal(constant)})"


def _translated(column: Column, mapping: Mapping) -> str:
    """The source's word, or ours for it."""
    words = mapping.values.get(column.name)
    if not words or column.name in mapping.constants:
        return column.name
    cases = " ".join(f"WHEN '{quoted(their)}' THEN '{quoted(our)}'" for their, our in words.items())
    return f"CASE upper({column.name}) {cases} ELSE {column.name} END"


def _value(column: Column) -> str:
    text = column.name
    if column.name in NUMBERS:
        return f"as_number({text})"
    if column.allowed:
        cases = " ".join(f"WHEN '{word.lower()}' THEN '{word}'" for word in column.allowed)
        return f"CASE lower({text}) {cases} END"
    if pa.types.is_date(column.type):
        return f"day_of({text})"
    return f"flag_of({text})" if pa.types.is_boolean(column.type) else text
