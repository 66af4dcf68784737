"""One notice per application: ``out/notices.parquet``, ``out/notices.csv`` for an SMS gateway, ``out/letters.csv``.

The Parquet file holds everything. In the CSV each row has its contact, its SMS and the number of its e-mail, whose long
text is once in ``letters.csv``: a wave of six million needs a few hundred different letters. In a wave with a
beacon each row has the person's ticket too. Both CSV files say that nothing is sent before the cohort is published.
"""

from __future__ import annotations

import csv
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from pipeline.domain.calendar import Wave
from pipeline.domain.contracts import INGESTED, LETTERS, NOTICES, with_ticket
from pipeline.domain.settings import settings
from pipeline.domain.short_code import SQL as SHORT_CODE
from pipeline.domain.short_code import short_code
from pipeline.reports.figures.query import Query, decisions, sql
from pipeline.reports.messages.letters import write_letter
from pipeline.reports.messages.paragraphs import with_paragraphs
from pipeline.storage import duckdb_sql, spreadsheet_safety
from pipeline.storage.files import atomic, parquet_in_pieces, write_table
from pipeline.storage.paths import Store
from pipeline.storage.sealed_paths import table_sink

#: The facts from which a letter follows; they are not part of it.
_KIND = ("reasons", "reviewed", "matched")
_CSV_COLUMNS = (
    *("registration_id", "code", "phone", "email", "language"),
    *("outcome", "retry", "until", "letter", "sms_id", "sms_en"),
)
#: When a row may be sent: a run is provisional, and publication may change who has a place.
SEND = "after publication"
_CSV = pa.schema([*(NOTICES.field(name) for name in _CSV_COLUMNS), pa.field("send", pa.string())])
#: The columns of a notice that belong to one person.
_OWN = ("registration_id", "phone", "email", "language", "code")
_CHUNK = 65_536
#: How far ahead the calendar is asked for the next wave.
_AHEAD = timedelta(days=366)


def write_notices(store: Store, wave: Wave) -> dict[str, int]:
    """Writes the notices of a run into the folder of its decisions. Raises WaveNotRunError. Returns how many of each
    outcome."""
    out = store.work(wave) / "out"
    following = next_wave(store, wave)
    with decisions(out / "decisions.parquet", store.work(wave)) as query:
        kinds = query.rows("notice_kinds")
        led = _letters(wave, kinds, following)
        letters = _distinct(led)
        path = write_table(led, store.work(wave) / "letters.parquet", LETTERS)
        query.connection.execute("SET VARIABLE letters = ?", [duckdb_sql.named(path)])
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
    """Every kind with its letter. Kinds of the same words have one number: it must not reveal what the words do not
    say."""
    rows: list[dict[str, Any]] = []
    numbers: dict[str, int] = {}
    for kind in kinds:
        how = {name: kind[name] for name in ("reviewed", "matched")}
        columns = write_letter(wave, kind["outcome"], kind["reasons"], following, **how).columns()
        number = numbers.setdefault(repr((kind["outcome"], columns)), len(numbers) + 1)
        rows.append({"letter": number, "outcome": kind["outcome"], "reasons": kind["reasons"], **how, **columns})
    return pa.Table.from_pylist(rows, schema=LETTERS)


def _distinct(led: pa.Table) -> pa.Table:
    """Each letter once, in the order of the numbers."""
    first: dict[int, int] = {}
    for place, number in enumerate(led["letter"].to_pylist()):
        first.setdefault(number, place)
    return led.take(pa.array(list(first.values()), pa.int64()))


def _stream(query: Query, store: Store, wave: Wave, letters: pa.Table) -> None:
    """Sorts ids and letter numbers, then fills the texts in by chunk: memory does not grow with the size."""
    out = store.work(wave) / "out"
    whole, short = (with_ticket(schema) if wave.beacon else schema for schema in (NOTICES, _CSV))
    _contacts(query.connection, store, wave)
    with atomic(store.work(wave) / "notices-index.parquet") as index:
        listed = sql(
            "notices",
            {
                "{ticket}": ", d.ticket" if wave.beacon else "",
                "{code}": SHORT_CODE.format(wave=wave.number, id="d.registration_id"),
                "$language": settings().language,
            },
        )
        target = duckdb_sql.quoted(duckdb_sql.address_to_write(index))
        query.connection.execute(f"COPY ({listed}) TO '{target}' (FORMAT parquet)")
        with (
            atomic(out / "notices.parquet") as table_part,
            atomic(out / "notices.csv") as csv_part,
            table_sink(table_part) as whole_sink,
            table_sink(csv_part) as short_sink,
            pq.ParquetWriter(whole_sink, whole, compression="zstd") as table,
            pa_csv.CSVWriter(short_sink, short) as lines,
            parquet_in_pieces(index) as source,
        ):
            for batch in source.iter_batches(_CHUNK):
                rows = _filled(batch, letters)
                rows = rows.append_column("ticket", batch["ticket"]) if wave.beacon else rows
                rows = with_paragraphs(rows, wave)
                table.write_table(rows.select(whole.names).cast(whole))
                lines.write_table(_plain(rows).select(short.names).cast(short))


def _contacts(db: duckdb.DuckDBPyConnection, store: Store, wave: Wave) -> None:
    """The view ``contacts``; without a row where the applications are no longer kept."""
    path = store.work(wave) / "registrations.parquet"
    relation = f"({duckdb_sql.empty_query(INGESTED)}"
    if path.is_file():  # a file of an earlier version may lack a column
        relation += f" UNION ALL BY NAME SELECT * FROM {duckdb_sql.read([path])}"
    duckdb_sql.run(db, "pipeline.reports.messages", "sql/contacts", {"{registrations}": f"{relation})"})


def _filled(batch: pa.RecordBatch, letters: pa.Table) -> pa.Table:
    """Each person's columns with the letter's texts; letters are numbered from 1 in the order of their table."""
    places = pc.subtract(batch["letter"], 1)
    texts = {name: letters[name].take(places) for name in NOTICES.names if name not in _OWN}
    return pa.table({**{name: batch[name] for name in _OWN}, **texts})


def _plain(rows: pa.Table) -> pa.Table:
    """The rows in a form that is safe in a spreadsheet, with the note when they may be sent."""
    for name in ("registration_id", "email"):
        given = pc.cast(rows[name].combine_chunks(), pa.string())
        rows = rows.set_column(rows.schema.get_field_index(name), name, spreadsheet_safety.plain_column(given))
    return rows.append_column("send", pa.repeat(SEND, rows.num_rows))


def people(store: Store, wave: Wave, ids: list[str]) -> dict[str, dict[str, str | None]]:
    """The columns of a notice that belong to one person, for these applications."""
    with duckdb_sql.connect(store.work(wave)) as db:
        _contacts(db, store, wave)
        query = "SELECT registration_id, phone, email, language FROM contacts WHERE registration_id IN $ids"
        rows = {id_: rest for id_, *rest in db.execute(query, {"ids": ids}).fetchall()}
    found: dict[str, dict[str, str | None]] = {}
    for id_ in ids:
        phone, email, language = rows.get(id_, (None, None, None))
        found[id_] = {"phone": phone, "email": email, "language": language or settings().language}
        found[id_]["code"] = short_code(wave.number, id_)
    return found


def _letters_csv(letters: pa.Table, path: Path) -> None:
    names = [name for name in LETTERS.names if name not in _KIND]
    fixed = {"contact": spreadsheet_safety.plain(settings().contact), "send": SEND}
    with atomic(path) as part, part.open("w", encoding="utf-8", newline="") as f:
        writer = csv.DictWriter(f, [*names, *fixed])
        writer.writeheader()
        for row in letters.select(names).to_pylist():
            plain = {k: spreadsheet_safety.plain(v) if isinstance(v, str) else v for k, v in row.items()}
            writer.writerow(plain | fixed)
