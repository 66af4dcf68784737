"""One notice per application: ``out/notices.parquet``, ``out/notices.csv`` for an SMS gateway, ``out/letters.csv``.

The Parquet file holds everything. In the CSV each row has its SMS and the number of its e-mail, whose long text stands
once in ``letters.csv``: a wave of six million needs a few thousand different letters. In a wave with a beacon each row
has the person's ticket too.
"""

from __future__ import annotations

import csv
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from pipeline.domain.calendar import Wave
from pipeline.domain.contracts import LETTERS, NOTICES, with_ticket
from pipeline.reports import spreadsheet_safety
from pipeline.reports.figures.query import Query, decisions, sql
from pipeline.reports.messages.letters import write_letter
from pipeline.reports.messages.tickets import with_paragraphs
from pipeline.storage import duckdb_sql
from pipeline.storage.files import atomic, write_table
from pipeline.storage.paths import Store
from pipeline.storage.sealed_paths import table_sink, table_source

#: What tells two letters apart beside the outcome; no part of a notice.
_KIND = ("reasons", "reviewed")
_CSV_COLUMNS = ("registration_id", "outcome", "retry", "until", "letter", "sms_id", "sms_en")
_CSV = pa.schema([NOTICES.field(name) for name in _CSV_COLUMNS])
_CHUNK = 65_536
#: How far ahead the calendar is asked for the next wave.
_AHEAD = timedelta(days=366)


def write_notices(store: Store, wave: Wave) -> dict[str, int]:
    """Writes the notices of a run beside its decisions. Raises WaveNotRunError. Returns how many of each outcome."""
    out = store.work(wave) / "out"
    following = next_wave(store, wave)
    with decisions(out / "decisions.parquet", store.work(wave)) as query:
        kinds = query.rows("notice_kinds")
        letters = _letters(wave, kinds, following)
        path = write_table(letters, store.work(wave) / "letters.parquet", LETTERS)
        query.connection.execute("SET VARIABLE letters = ?", [duckdb_sql.address(path)])
        _stream(query, store, wave, letters)
    _letters_csv(letters, out / "letters.csv")
    counts: dict[str, int] = {}
    for kind in kinds:
        counts[kind["outcome"]] = counts.get(kind["outcome"], 0) + kind["n"]
    return counts


def next_wave(store: Store, wave: Wave) -> Wave | None:
    """The first wave of the calendar that opens after this one closes; None where the calendar ends."""
    until: date = wave.closing_day + _AHEAD
    return next((w for w in store.calendar().waves(until=until) if w.opens > wave.closes), None)


def _letters(wave: Wave, kinds: list[dict[str, Any]], following: Wave | None) -> pa.Table:
    rows: list[dict[str, Any]] = []
    for number, kind in enumerate(kinds, start=1):
        written = write_letter(wave, kind["outcome"], kind["reasons"], following, reviewed=kind["reviewed"])
        rows.append(
            {
                "letter": number,
                "outcome": kind["outcome"],
                "reasons": kind["reasons"],
                "reviewed": kind["reviewed"],
                **written.columns(),
            }
        )
    return pa.Table.from_pylist(rows, schema=LETTERS)


def _stream(query: Query, store: Store, wave: Wave, letters: pa.Table) -> None:
    """Sorts ids and letter numbers, then fills the texts in by chunk: memory stays flat at any size."""
    out = store.work(wave) / "out"
    whole, short = (with_ticket(schema) if wave.beacon else schema for schema in (NOTICES, _CSV))
    with atomic(store.work(wave) / "notices-index.parquet") as index:
        listed = sql("notices", {"{ticket}": ", d.ticket" if wave.beacon else ""})
        target = duckdb_sql.quoted(duckdb_sql.address_to_write(index))
        query.connection.execute(f"COPY ({listed}) TO '{target}' (FORMAT parquet)")
        with (
            atomic(out / "notices.parquet") as table_part,
            atomic(out / "notices.csv") as csv_part,
            table_sink(table_part) as whole_sink,
            table_sink(csv_part) as short_sink,
            table_source(index) as listed_source,
            pq.ParquetWriter(whole_sink, whole, compression="zstd") as table,
            pa_csv.CSVWriter(short_sink, short) as lines,
            pq.ParquetFile(listed_source) as source,
        ):
            for batch in source.iter_batches(_CHUNK):
                rows = _filled(batch, letters)
                if wave.beacon:
                    rows = with_paragraphs(rows.append_column("ticket", batch["ticket"]), wave)
                table.write_table(rows.cast(whole))
                ids = pc.cast(rows["registration_id"].combine_chunks(), pa.string())
                plain = rows.set_column(0, "registration_id", spreadsheet_safety.plain_column(ids)).select(short.names)
                lines.write_table(plain.cast(short))


def _filled(batch: pa.RecordBatch, letters: pa.Table) -> pa.Table:
    """Ids with their letter's texts; letters are numbered from 1 in the order of their table."""
    places = pc.subtract(batch["letter"], 1)
    return pa.table(
        {"registration_id": batch["registration_id"], **{n: letters[n].take(places) for n in NOTICES.names[1:]}}
    )


def _letters_csv(letters: pa.Table, path: Path) -> None:
    names = [name for name in LETTERS.names if name not in _KIND]
    with atomic(path) as part, part.open("w", encoding="utf-8", newline="") as f:
        writer = csv.DictWriter(f, names)
        writer.writeheader()
        for row in letters.select(names).to_pylist():
            writer.writerow({k: spreadsheet_safety.plain(v) if isinstance(v, str) else v for k, v in row.items()})
