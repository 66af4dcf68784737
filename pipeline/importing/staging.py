"""The rows of all sources, typed, in one file next to the work: the input of the sort, and what was counted on the
way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.domain.contracts import Table
from pipeline.importing.batch_readings import reader
from pipeline.importing.mapping import Mapping
from pipeline.importing.outcome import Outcome, Tally
from pipeline.importing.sources import Source
from pipeline.storage import files
from pipeline.storage.sealed_paths import table_sink

Progress = Callable[[int], None]
#: The cheapest form: only the sort reads it. Without statistics nothing in it is misread (``storage/plain_pages.py``).
FORM = {"compression": "lz4", "use_dictionary": False, "write_statistics": False, "version": "2.6"}


def stage(contract: Table, mapping: Mapping, sources: list[Source], path: Path, progress: Progress) -> Outcome:
    """Types every row of the sources into one file. A row that is set aside is in it too, without a NIK."""
    tally = Tally(contract)
    with reader(path.parent, contract, mapping) as read, files.atomic(path) as part, table_sink(part) as sink:
        kept = read(_texts(contract, mapping).empty_table()).select(contract.schema.names).schema
        with pq.ParquetWriter(sink, kept, **FORM) as writer:
            for texts in _batches(contract, mapping, sources):
                rows = read(texts)
                tally.add(rows)
                writer.write_table(rows.select(kept.names))
                progress(tally.read)
    return tally.outcome(sum((source.aside for source in sources), Counter()))


def _batches(contract: Table, mapping: Mapping, sources: list[Source]) -> Iterator[pa.Table]:
    """The rows of all sources as texts under our names."""
    schema = _texts(contract, mapping)
    places = [mapping.found(contract, source.header(), source.says) for source in sources]
    for source, theirs in zip(sources, places, strict=True):
        wanted = [theirs[name] for name in schema.names]
        for table in source.tables(list(dict.fromkeys(wanted))):
            yield pa.table([table.column(their) for their in wanted], schema=schema)


def _texts(contract: Table, mapping: Mapping) -> pa.Schema:
    return pa.schema([(name, pa.string()) for name in mapping.theirs(contract)])
