"""Reads a batch of texts column by column: plain texts at once, every other text once for all rows that have it.

``readings.py`` says in SQL what a text means; it reads each different text, and the answers are kept. A plain
NIK or name does not need it (``text_kernels.py``). Memory is bounded: of a column with many texts no answer is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.domain.contracts import Column, Table
from pipeline.importing import readings
from pipeline.importing.mapping import Mapping
from pipeline.importing.text_kernels import Mask, plain_texts, sixteen_digits
from pipeline.storage import duckdb_sql

Kernel = Callable[[pa.StringArray], tuple[pa.Array, Mask]]
ReadBatch = Callable[[pa.Table], pa.Table]
#: The most answers that are kept of a column. All days of birth of the living, in one form, are 45,000.
_KEPT = 60_000


@contextmanager
def reader(work: Path, contract: Table, mapping: Mapping) -> Iterator[ReadBatch]:
    """A function from texts under our names to the rows of ``readings.staged``, in the order of the texts."""
    with duckdb_sql.connect(work / "readings") as db:
        db.execute("SET preserve_insertion_order = true")  # answers come in the order of the questions
        readings.define(db)
        columns = [ColumnReader(db, contract, column, mapping) for column in contract.columns]

        def read(texts: pa.Table) -> pa.Table:
            parts = [column.read(texts) for column in columns]
            return pa.table({name: part.column(name) for part in parts for name in part.column_names})

        yield read


class ColumnReader:
    """The readings of one column, and the answers that it has had."""

    def __init__(self, db: duckdb.DuckDBPyConnection, contract: Table, column: Column, mapping: Mapping) -> None:
        self._db, self._name, self._keeps = db, column.name, True
        self._question = readings.staged(replace(contract, columns=(column,)), mapping)
        self._kernel = None if column.name in mapping.values else _kernel(column)
        self._texts = pa.array([], pa.string())
        self._answers = self._asked(self._texts)
        constant = pa.array([None], pa.string())
        self._constant = self._asked(constant) if column.name in mapping.constants else None

    def read(self, texts: pa.Table) -> pa.Table:
        """The column, and those that belong to it: ``bad_``, ``word_``, of a NIK its ``problem``."""
        if self._constant is not None:
            return self._constant.take(pa.repeat(0, texts.num_rows))
        column = _one_array(texts.column(self._name))
        if self._kernel is None:
            return self._looked_up(column)
        values, understood = self._kernel(column)
        found = [values, *(pa.repeat(_beside(field), len(column)) for field in list(self._answers.schema)[1:])]
        if not understood.all():
            others = pa.array(~understood)
            answers = self._looked_up(column.filter(others)).columns
            found = [
                pc.replace_with_mask(array, others, _one_array(answer))
                for array, answer in zip(found, answers, strict=True)
            ]
        return pa.table(found, schema=self._answers.schema)

    def _looked_up(self, texts: pa.StringArray) -> pa.Table:
        """The answer for each text."""
        if not self._keeps:
            different = pc.unique(texts)
            return self._asked(different).take(pc.index_in(texts, different))
        places = pc.index_in(texts, self._texts)
        if places.null_count:
            new = pc.unique(texts.filter(pc.is_null(places)))
            self._texts = pa.concat_arrays([self._texts, new])
            self._answers = pa.concat_tables([self._answers, self._asked(new)]).combine_chunks()
            places = pc.index_in(texts, self._texts)
        answers = self._answers.take(places)
        if len(self._texts) > _KEPT:
            self._keeps, self._texts, self._answers = False, self._texts[:0], self._answers.slice(0, 0)
        return answers

    def _asked(self, texts: pa.StringArray) -> pa.Table:
        self._db.register("delivered", pa.table({self._name: texts}))
        return self._db.sql(self._question).to_arrow_table()


def _kernel(column: Column) -> Kernel | None:
    """The function that reads texts of this column at once; None where the different texts are few."""
    if column.name in readings.NUMBERS:
        return sixteen_digits
    return plain_texts if pa.types.is_string(column.type) and not column.allowed else None


def _beside(field: pa.Field) -> pa.Scalar:
    """The other columns of a text that was understood: it is not bad, and has no word and no problem."""
    return pa.scalar(False if pa.types.is_boolean(field.type) else None, field.type)


def _one_array(column: pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
