"""Steps that the selection bench measures, each in a process: ``python -m tests.bench.selection_steps STEP DATA``.

``scan`` only reads the columns that the rules need; ``screen`` is layers 1 to 3; ``polars`` and ``pandas`` are what an
analyst would write first: the joins alone, without names, reasons, draw or families.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from pipeline.domain.calendar import Wave
from pipeline.draw.draw import draw
from pipeline.ingest.extracts import Extract, resolve_extracts
from pipeline.ingest.registrations import ingest_registrations
from pipeline.screening.screen import screen
from pipeline.storage import duckdb_sql
from pipeline.storage.paths import Store

NUMBER = 1
#: What sql/people.sql, pupils.sql and recipients.sql read of each extract.
NEEDED = {
    "population": ["nik", "kk", "full_name", "birth_date", "sex", "citizenship", "alive", "occupation", "photo"],
    "education": ["nik", "status"],
    "bansos": ["nik", "programme", "status"],
}


def ingest(store: Store, wave: Wave, extracts: dict[str, Extract]) -> None:
    """Not measured: both sides start from the ingested registrations."""
    print(ingest_registrations(store, wave))


def scan(store: Store, wave: Wave, extracts: dict[str, Extract]) -> None:
    """Every value of the needed columns is decoded, none is kept."""
    with duckdb_sql.connect(store.work(wave)) as db:
        for name, columns in NEEDED.items():
            seen = ", ".join(f"max({column})" for column in columns)
            files = duckdb_sql.path_list(extracts[name].files)
            print(name, db.execute(f"SELECT {seen} FROM read_parquet({files}, hive_partitioning = false)").fetchall())


def screened(store: Store, wave: Wave, extracts: dict[str, Extract]) -> None:
    """Layers 1 to 3."""
    print(screen(store, wave, extracts))


def drawn(store: Store, wave: Wave, extracts: dict[str, Extract]) -> None:
    """The draw of whom screening left."""
    print(draw(store, replace(wave, quota=200_000)))


def polars(store: Store, wave: Wave, extracts: dict[str, Extract]) -> None:
    """The same joins in polars' streaming engine."""
    import polars as pl

    registrations = pl.scan_parquet(store.work(wave) / "registrations.parquet").with_columns(
        pl.col("nik").cast(pl.Int64, strict=False)
    )
    read = {
        name: pl.scan_parquet(list(extracts[name].files), hive_partitioning=False).select(columns)
        for name, columns in NEEDED.items()
    }
    joined = registrations.join(read["population"], on="nik", how="left", suffix="_register")
    for name in ("education", "bansos"):
        active = (
            read[name].filter(pl.col("status") == "active").select("nik").unique().with_columns(pl.lit(1).alias(name))
        )
        joined = joined.join(active, on="nik", how="left")
    print(joined.collect(engine="streaming").height)


def pandas(store: Store, wave: Wave, extracts: dict[str, Extract]) -> None:
    """The same joins in pandas."""
    import pandas as pd

    registrations = pd.read_parquet(store.work(wave) / "registrations.parquet")
    registrations["nik"] = pd.to_numeric(registrations["nik"], errors="coerce").astype("Int64")

    def extract(name: str) -> pd.DataFrame:
        return pd.concat(pd.read_parquet(p, columns=NEEDED[name], partitioning=None) for p in extracts[name].files)

    joined = registrations.merge(extract("population"), on="nik", how="left", suffixes=("", "_register"))
    for name in ("education", "bansos"):
        active = extract(name).query("status == 'active'")["nik"].drop_duplicates()
        joined[name] = joined["nik"].isin(active)
    print(len(joined))


STEPS: dict[str, Callable[[Store, Wave, dict[str, Extract]], None]] = {
    "ingest": ingest,
    "scan": scan,
    "screen": screened,
    "draw": drawn,
    "polars": polars,
    "pandas": pandas,
}


def main(step: str, data: str) -> None:
    """Runs one step on a data root."""
    store = Store.at(Path(data))
    wave = store.calendar().wave(NUMBER)
    STEPS[step](store, wave, {} if step == "draw" else resolve_extracts(store, wave))


if __name__ == "__main__":
    main(*sys.argv[1:])
