"""What an outsider needs to check a draw by a beacon, and nothing about anybody: ``rev-N/public/``.

Reads the run's lists, draw and decisions and the revision's cohort; writes only tickets, hashes and outcomes. A ticket
does not name a person: only its holder knows it, by the letter.
"""

from __future__ import annotations

from pathlib import Path

from pipeline.domain import contracts
from pipeline.draw.draw import COMMITMENT
from pipeline.storage import duckdb_sql, files
from pipeline.wave_run.plan import Plan

FOLDER = "public"
#: What of ``draw.json`` is published.
RECORD = (
    "form",
    "wave",
    "seed",
    "list_sha256",
    "list_merkle_sha256",
    "priority_sha256",
    "quota",
    "priority_share",
    "refill",
    "selfie",
    "beacon",
    "demonstration",
    "round",
    "signature",
    "randomness",
)


def write_public_files(run: Plan, revision: Path, last: Path) -> Path | None:
    """Writes the public files of a revision that has its cohort; None for a wave with a seed.

    ``last``: the decisions of the last screening; not there where no people were left to be screened.
    """
    if not run.wave.beacon:
        return None
    out, folder = run.store.out(run.wave), revision / FOLDER
    folder.mkdir(exist_ok=True)
    for name in (COMMITMENT, "eligible.txt", "priority.txt"):
        files.copy(out / name, folder / name)
    record = files.read_json(out / "draw.json")
    files.write_json({name: record[name] for name in RECORD}, folder / "draw.json")
    no_decisions = f"({duckdb_sql.empty_query(contracts.DECISIONS)})"
    holes = {
        "{last}": f"read_parquet('{duckdb_sql.quoted(last)}')" if last.is_file() else no_decisions,
        "$decisions": duckdb_sql.named(out / "decisions.parquet"),
        "$cohort": duckdb_sql.named(revision / "cohort.parquet"),
    }
    with duckdb_sql.connect(run.work) as db:
        query = duckdb_sql.sql("pipeline.publication", "sql/outcomes", holes)
        duckdb_sql.copy_csv(db, query, folder / "outcomes.csv")
        query = duckdb_sql.sql("pipeline.publication", "sql/withdrawn", holes)
        duckdb_sql.copy_lines(db, query, folder / "withdrawn.txt")
    return folder
