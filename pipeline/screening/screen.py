"""Layers 1 to 3 for a whole wave: every reason of every application, in one pass over each extract.

Reads the ingested registrations, the extracts and the cohorts of earlier waves; writes ``screened.parquet``. The rules
are data (``rules.toml``), the steps are SQL (``sql/``): this module only strings them together.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from pipeline import disk, duck, reasons
from pipeline.calendar import Wave
from pipeline.contracts import SCREENED
from pipeline.ingest.extracts import Extract
from pipeline.screening.rulebook import Rule, lists, recipients_per_kk, rules_in_force, warnings
from pipeline.store import Store, project_data

_NOBODY = "SELECT NULL::BIGINT AS number WHERE false"


@dataclass(frozen=True)
class ScreenCounts:
    """Applications screened, and those left for the draw."""

    applications: int
    eligible: int


def screen(store_: Store, wave: Wave, extracts: dict[str, Extract], *, listed_by: date | None = None) -> ScreenCounts:
    """Screens a wave by the rules in force on its closing day, on the extracts given.

    ``listed_by``: the blacklist counts as it stood on this day instead of the closing day.
    """
    work, rules = store_.work(wave), rules_in_force(wave)
    families = any(rule.code == "kk_limit" for rule in rules)
    with duck.connect(work) as db:
        sources = sources_of(work, extracts, store_.earlier_cohorts(wave), wave, listed_by)
        run_step(db, "macros", sources)
        sources["{with_families}"] = str(families).lower()
        run_step(db, "applications", sources)
        run_step(db, "registers", sources)
        run_step(db, "compared", sources)
        masks = {"{mask}": _mask(rules, reasons.codes()), "{warned}": _mask(warnings(), _warning_codes())}
        run_step(db, "judged", masks, **lists(), regions=_regions())
        if families:
            run_step(db, "kk_limit", {}, limit=recipients_per_kk(), bit=reasons.codes().index("kk_limit"))
        codes = {"{codes}": _sql_list(reasons.codes()), "{warning_codes}": _sql_list(_warning_codes())}
        run_step(db, "decoded", codes)
        # what can be made of a sorted row is made after the sort: what is not there yet need not be moved
        late = {"draw": "draw_of(registration_id) AS draw"}
        columns = ", ".join(late.get(name, name) for name in SCREENED.names)
        ordered = "FROM judged JOIN reasons_of USING (mask) JOIN warnings_of USING (warned) ORDER BY registration_id"
        query = f"SELECT {columns} FROM ({ordered})"
        rows = duck.copy(db, query, work / "screened.parquet", duck.PASSING)
        [(eligible,)] = db.execute("SELECT count(*) FROM judged WHERE mask = 0").fetchall()
    return ScreenCounts(rows, eligible)


def _mask(rules: list[Rule], codes: tuple[str, ...]) -> str:
    """SQL for a bit mask: bit n is set when the rule of code n holds."""
    terms = [
        f"CASE WHEN {'known AND ' if rule.register else ''}({rule.predicate}) "
        f"THEN {1 << codes.index(rule.code)} ELSE 0 END"
        for rule in rules
    ]
    return "CAST(" + "\n        + ".join(terms) + " AS BIGINT)"


def _warning_codes() -> tuple[str, ...]:
    return tuple(rule.code for rule in warnings())


def sources_of(
    work: Path, extracts: dict[str, Extract], cohorts: list[Path], wave: Wave, listed_by: date | None = None
) -> dict[str, str]:
    """What stands for the braces of the SQL: files, and lists that may be empty."""
    read = {name: f"read_parquet({duck.path_list(x.files)}, hive_partitioning = false)" for name, x in extracts.items()}
    named = "SELECT DISTINCT as_number(nik) AS number FROM {} WHERE as_number(nik) IS NOT NULL"
    since = f" AND (since IS NULL OR CAST(since AS DATE) <= DATE '{listed_by or wave.closing_day}')"
    return {
        "{opens}": f"TIMESTAMP '{wave.opens}'",
        "{closes}": f"TIMESTAMP '{wave.closes}'",
        "{closing_day}": f"'{wave.closing_day}'",
        "{registrations}": f"'{duck.quoted(work / 'registrations.parquet')}'",
        **{f"{{{n}}}": duck.path_list(extracts[n].files) for n in ("population", "education", "bansos")},
        "{priority}": named.format(read["priority"]) if "priority" in read else _NOBODY,
        "{blacklist}": named.format(read["blacklist"]) + since if "blacklist" in read else _NOBODY,
        "{accepted}": named.format(f"read_parquet({duck.path_list(cohorts)}, hive_partitioning = false)")
        if cohorts
        else _NOBODY,
        # the last, so that nothing is filled into what a person may have typed
        "{seed}": f"'{duck.quoted(wave.seed)}'",
    }


def _regions() -> list[str]:
    """Province and regency codes (four digits) that a NIK of 2020 can begin with."""
    text = disk.read_text(project_data() / "reference" / "regions_2020.csv")
    return sorted({row["code"] for row in csv.DictReader(text.splitlines()) if len(row["code"]) == 4})


def run_step(db: duckdb.DuckDBPyConnection, name: str, braces: dict[str, str], **parameters: Any) -> None:
    """Runs the statements of a step, one by one, each with the parameters that it names."""
    for statement in duckdb.extract_statements(duck.sql("pipeline.screening", f"sql/{name}", braces)):
        db.execute(statement, {k: v for k, v in parameters.items() if k in statement.named_parameters})


def _sql_list(values: tuple[str, ...]) -> str:
    return "[" + ", ".join(f"'{value}'" for value in values) + "]"
