"""Layers 1 to 3 for a whole wave: every reason of every application, in one pass over each extract.

Reads the ingested registrations, the extracts and the cohorts of earlier waves; writes ``screened.parquet``, and of a
wave with a beacon ``candidates.parquet``, from which its list is made. The rules are data (``rules.toml``), the steps
are SQL (``sql/``): this module only strings them together.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from pipeline.domain import reasons
from pipeline.domain.calendar import Wave
from pipeline.domain.contracts import SCREENED
from pipeline.domain.draw_hash import define_draw
from pipeline.ingest.extracts import REGENCY, Extract
from pipeline.runtime.processes import return_free_memory
from pipeline.screening import name_patterns
from pipeline.screening.offices import define_offices
from pipeline.screening.repeated_numbers import each_once, keep, repeated, sorted_numbers
from pipeline.screening.rulebook import Rule, lists, recipients_per_kk, rules_in_force, warning_codes, warnings
from pipeline.storage import duckdb_sql, files
from pipeline.storage.nik_ranges import parts_by_nik
from pipeline.storage.nik_search import rows_with
from pipeline.storage.paths import Store, project_data

#: The steps that ask a register of few columns about the applicants: its name, and the columns that they need.
_OF_FEW_COLUMNS = {
    "pupils": ("education", ("nik", "status")),
    "recipients": ("bansos", ("nik", "programme", "status")),
}
_NUMBERS = "SELECT as_number(nik) AS number FROM {} WHERE as_number(nik) > 0"
_PEOPLE = "SELECT as_number(nik) AS number, full_name FROM {} WHERE as_number(nik) > 0"
#: The wanted in a register that is not sorted, as the search finds them in one that is.
_JOINED = "(FROM {} WHERE sought_number(nik) IN (SELECT number FROM wanted))"
_NOBODY = "SELECT NULL::BIGINT AS number, NULL::VARCHAR AS full_name WHERE false"


@dataclass(frozen=True)
class ScreenCounts:
    """Applications screened, and those left for the draw."""

    applications: int
    eligible: int


def screen(
    store: Store,
    wave: Wave,
    extracts: dict[str, Extract],
    *,
    listed_by: date | None = None,
    also: Sequence[Rule] = (),
) -> ScreenCounts:
    """Screens a wave by the rules in force on its closing day, on the extracts given.

    ``listed_by``: the blacklist counts as it was on this day instead of the closing day. ``also``: rules that
    are tried although they were not in force.
    """
    work, rules = store.work(wave), [*rules_in_force(wave), *also]
    families = any(rule.code == "kk_limit" for rule in rules)
    with duckdb_sql.connect(work) as db:
        sources = sources_of(work, extracts, store.earlier_cohorts(wave), wave, listed_by)
        name_patterns.define_macros(db)
        sources["$with_families"] = families
        run_step(db, "applications", sources)
        compare_with_registers(db, sources, extracts)
        masks = {"{mask}": _mask(rules, reasons.codes()), "{warned}": _mask(warnings(), warning_codes())}
        judged: str = duckdb_sql.sql("pipeline.screening", "sql/judged", masks)
        [statement] = duckdb.extract_statements(judged)
        given = {name: values for name, values in lists().items() if name in statement.named_parameters}
        if families or wave.beacon:  # all must be judged before the first can be refused for the others' sake; else
            db.execute(f"CREATE TABLE judged AS {judged}", given)  # none is kept
            run_step(db, "earlier_families", {})
            judged, given = "FROM judged", {}
        if wave.beacon:
            candidates = duckdb_sql.sql("pipeline.screening", "sql/candidates", {"$with_families": families})
            duckdb_sql.copy(db, candidates, work / "candidates.parquet", duckdb_sql.PASSING)
        elif families:
            define_draw(db, wave)
            run_step(db, "kk_limit", {}, limit=recipients_per_kk(), bit=reasons.codes().index("kk_limit"))
        path = work / "screened.parquet"
        columns = [*SCREENED.names, *(["area"] if wave.areas else [])]
        rows = duckdb_sql.copy(
            db,
            f"SELECT {', '.join(columns)} FROM ({judged}) {_repeated(work, columns)}",
            path,
            duckdb_sql.PASSING,
            given,
        )
        [(eligible,)] = db.execute(f"SELECT count(*) FROM '{duckdb_sql.quoted(path)}' WHERE mask = 0").fetchall()
    return ScreenCounts(rows, eligible)


def _repeated(work: Path, columns: Sequence[str]) -> str:
    """The ids that are on several rows: each is one application, of which nothing but the id was read."""
    path = work / "repeated.parquet"
    if not path.is_file():
        return ""
    given = {
        "registration_id": "registration_id",
        "mask": str(1 << reasons.codes().index("duplicate_id")),
        "warned": "0",
        "tier": "'public'",
    }
    values = ", ".join(given.get(name, "NULL") for name in columns)
    return f"UNION ALL SELECT {values} FROM read_parquet('{duckdb_sql.quoted(path)}')"


def _mask(rules: list[Rule], codes: tuple[str, ...]) -> str:
    """SQL for a bit mask: bit n is set when the rule of code n holds."""
    terms = [
        f"CASE WHEN {'known AND ' if rule.register else ''}({rule.predicate}) "
        f"THEN {1 << codes.index(rule.code)} ELSE 0 END"
        for rule in rules
    ]
    return "CAST(" + "\n        + ".join(terms) + " AS BIGINT)"


def sources_of(
    work: Path, extracts: dict[str, Extract], cohorts: list[Path], wave: Wave, listed_by: date | None = None
) -> dict[str, duckdb_sql.Value]:
    """The values that fill the SQL: files, lists that may be empty, the wave's window."""
    read = {name: duckdb_sql.read(x.files) for name, x in extracts.items()}
    since = f" AND (since IS NULL OR CAST(since AS DATE) <= DATE '{listed_by or wave.closing_day}')"
    return {
        "$opens": wave.opens,
        "$closes": wave.last_moment,
        "$closing_day": wave.closing_day,
        "{registrations}": f"'{duckdb_sql.quoted(work / 'registrations.parquet')}'",
        **{f"{{{n}}}": read[n] for n in ("population", "education", "bansos")},
        "{priority}": _NUMBERS.format(read["priority"]) if "priority" in read else _NOBODY,
        "{blacklist}": _NUMBERS.format(read["blacklist"]) + since if "blacklist" in read else _NOBODY,
        "{accepted}": _PEOPLE.format(duckdb_sql.read(cohorts)) if cohorts else _NOBODY,
        "$regions": _regions(),
        "{area}": _area(wave),
    }


def compare_with_registers(
    db: duckdb.DuckDBPyConnection, sources: Mapping[str, duckdb_sql.Value], extracts: Mapping[str, Extract]
) -> None:
    """Makes the view ``compared`` of what the registers say about the wanted. The large ones are read part by part
    where they are sorted."""
    in_order = sorted_numbers(db, "applicants")
    keep(db, "applied_again", repeated(in_order))
    applicants = each_once(in_order)
    keep(db, "applicants", applicants)  # sorted as the registers are: a fifth less CPU to search them
    run_step(db, "registers", sources)
    for part in parts_by_nik(extracts["population"].files):
        run_step(db, "people", {**sources, "{population}": part.relation()})
    sought = applicants[applicants > 0]  # zero and below are no NIK, and nobody looks at what was found a second time
    for step, (name, columns) in _OF_FEW_COLUMNS.items():
        found = rows_with(sought, extracts[name].files, columns)
        if found is None:
            run_step(db, step, {"{found}": _JOINED.format(sources[f"{{{name}}}"])})
        else:
            db.register("found_rows", found)
            run_step(db, step, {"{found}": "found_rows"})
            db.unregister("found_rows")
            del found
    del in_order, applicants, sought
    return_free_memory()
    keep(db, "repeated", repeated(sorted_numbers(db, "(SELECT key AS number FROM people)")))
    define_offices(db)
    run_step(db, "compared", sources)


def _area(wave: Wave) -> str:
    """SQL for the area that a person is of: a regency that has a share of the quota, else the province."""
    if not wave.regencies:
        return "tidy(province_code)" if wave.areas else "NULL::VARCHAR"
    named = duckdb_sql.text_list(wave.regencies)
    return f"CASE WHEN tidy({REGENCY}) IN (SELECT unnest({named})) THEN tidy({REGENCY}) ELSE tidy(province_code) END"


def _regions() -> list[str]:
    """Province and regency codes (four digits) that a NIK of 2020 can begin with."""
    text = files.read_text(project_data() / "reference" / "regions_2020.csv")
    return sorted({row["code"] for row in csv.DictReader(text.splitlines()) if len(row["code"]) == 4})


def run_step(
    db: duckdb.DuckDBPyConnection, name: str, holes: Mapping[str, duckdb_sql.Value], **values: duckdb_sql.Value
) -> None:
    """Runs the statements of a step; ``values`` are more of its holes."""
    duckdb_sql.run(db, "pipeline.screening", f"sql/{name}", {**holes, **{f"${k}": v for k, v in values.items()}})
