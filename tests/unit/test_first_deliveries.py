"""A first delivery is compared with nothing: a check must find what says nothing, or says it in other words."""

from __future__ import annotations

from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from checks.columns import missing
from checks.gate import expectations
from checks.inputs import judge_inputs
from checks.metrics import judged_both_ways
from pipeline.domain import contracts
from pipeline.domain.settings import CheckSettings
from pipeline.ingest.extracts import Extract
from pipeline.screening.rulebook import lists, words
from pipeline.storage import duckdb_sql
from tests.unit.test_checks import WAVE

Columns = dict[str, list[Any]]
N = 200
NIK = [f"{3171010000000000 + n}" for n in range(N)]
PEOPLE: Columns = {
    "nik": NIK,
    "kk": NIK,
    "full_name": [f"ORANG {n}" for n in range(N)],
    "birth_date": [date(1990, 1, 1 + n % 28) for n in range(N)],
    "sex": ["L", "P"] * (N // 2),
    "citizenship": ["WNI"] * N,
    "alive": [True] * N,
    "occupation": ["PETANI/PEKEBUN"] * N,
    "province_code": ["31"] * N,
    "photo": [None] * N,
}
PUPILS: Columns = {"nik": NIK, "register": ["emis"] * N, "level": ["SMA"] * N, "status": ["active", "left"] * (N // 2)}
HELPED: Columns = {"nik": NIK, "programme": ["PKH", "BSU"] * (N // 2), "status": ["active", "ended"] * (N // 2)}
SOUND: dict[str, Columns] = {"population": PEOPLE, "education": PUPILS, "bansos": HELPED}
AROUND = ["\t{}", "{}\u00a0", "\ufeff{}", "{}\u200b", " {}\x00", "\u202a{}\u202c", "{}\r\n", "\u3000{}"]
MANY = CheckSettings(many_rows=N)


def delivered(folder, name, columns, rows=None):
    schema = contracts.EXTRACTS[name].schema
    typed = {key: pa.array(values) for key, values in columns.items()}
    fields = [
        f if f.name not in columns or not len(columns[f.name]) else pa.field(f.name, typed[f.name].type) for f in schema
    ]
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.parquet"
    table = pa.table({f.name: typed.get(f.name, pa.nulls(N, f.type)) for f in fields})
    pq.write_table(table if rows is None else table.slice(0, rows), path)
    return Extract(name, date(2020, 4, 10), (path,), N if rows is None else rows)


def failing(folder, changes=None, rows=None, limits=MANY):
    """The metrics that fail of the sound extracts with some columns changed (``population.alive`` to its values)."""
    rows, extracts, said = rows or {}, {}, {}
    for name, columns in SOUND.items():
        changed = {key.split(".")[1]: v for key, v in (changes or {}).items() if key.startswith(f"{name}.")}
        extracts[name] = delivered(folder, name, {**columns, **changed}, rows.get(name))
    report = judge_inputs(folder, WAVE, extracts, limits, registrations=False)
    for failure in report.failures:
        assert failure.fatal
        said[f"{failure.table}.{failure.metric}"] = failure.expected
    return said


def of(value, n=N):
    """One value for the first rows, the rest as they are in a sound column of occupations."""
    return [value] * n + ["PETANI/PEKEBUN"] * (N - n)


OFFICIALS = [
    *lists()["excluded_occupations"][:5],
    "PEGAWAI NEGERI SIPIL  (PNS)",
    "Kepolisian RI (Polri)",
    "KEPOLISIAN RI",
    "PENSIUNAN PNS",
]


def test_what_every_register_says_passes_also_in_other_capitals(tmp_path):
    mixed = (OFFICIALS * N)[:N]
    assert not failing(
        tmp_path,
        {
            "population.occupation": mixed,
            "education.status": ["Active", "LEFT"] * (N // 2),
            "education.register": ["DAPODIK", " emis "] * (N // 2),
            "bansos.programme": ["pkh", "bsu"] * (N // 2),
            "bansos.status": ["ACTIVE", "Ended"] * (N // 2),
        },
    )


def test_what_is_read_without_the_marks_around_it_is_judged_so(tmp_path):
    changed: Columns = {}
    for name, columns in (("population", PEOPLE), ("education", PUPILS), ("bansos", HELPED)):
        for column in columns.keys() & {
            "nik",
            "kk",
            "sex",
            "citizenship",
            "occupation",
            "register",
            "status",
            "programme",
        }:
            changed[f"{name}.{column}"] = [
                AROUND[n % len(AROUND)].format(value) for n, value in enumerate(columns[column])
            ]
    assert not failing(tmp_path, changed, limits=CheckSettings())


@pytest.mark.parametrize("footer", [True, False])
def test_a_value_of_marks_alone_is_missing(tmp_path, footer):
    nothing = ["\u00a0", "\ufeff", "\u200b", "\t-\u00a0", "\x00", " \u2060NULL"]
    for n, value in enumerate(nothing):
        path = tmp_path / f"{n}.parquet"
        pq.write_table(pa.table({"x": pa.array(["GURU", value], pa.string())}), path, write_statistics=footer)
    paths = tuple(tmp_path / f"{n}.parquet" for n in range(len(nothing)))
    with duckdb_sql.connect(tmp_path) as db:
        assert missing(db, Extract("population", date(2020, 1, 1), paths, 2 * len(paths)), "x") == len(nothing)


@pytest.mark.parametrize(
    ("changes", "rows", "metrics"),
    [
        ({}, {"education": 0, "bansos": 0}, "education.rows bansos.rows"),
        (
            {"population.occupation": [None] * N, "education.status": [None] * N, "bansos.programme": [""] * N},
            {},
            "population.null_share_occupation education.null_share_status education.unknown_status_share "
            "bansos.null_share_programme bansos.unknown_programme_share",
        ),
        (
            {
                "population.occupation": [str(n % 90) for n in range(N)],
                "education.status": ["1"] * N,
                "bansos.status": ["aktif"] * N,
            },
            {},
            "population.occupation_code_share population.unknown_occupation_share "
            "education.unknown_status_share bansos.unknown_status_share",
        ),
        (
            {
                "population.occupation": of("PRAJURIT", 5),
                "education.register": ["Kemdikbud"] * N,
                "bansos.programme": ["101"] * N,
            },
            {},
            "population.office_in_other_words_share education.unknown_register_share bansos.unknown_programme_share",
        ),
        (
            {"population.occupation": ["FARMER"] * N, "bansos.programme": ["PKH", "SUBSIDI UPAH"] * (N // 2)},
            {},
            "population.unknown_occupation_share bansos.wage_in_other_words_share",
        ),
        (
            {
                "population.citizenship": ["1"] * N,
                "population.sex": ["M", "F"] * (N // 2),
                "population.province_code": [""] * N,
            },
            {},
            "population.unknown_citizenship_share population.unknown_sex_share "
            "population.null_share_province_code population.foreign_share",
        ),
        (
            {"population.citizenship": ["WNA"] * N, "population.alive": [False] * N, "population.full_name": ["-"] * N},
            {},
            "population.foreign_share population.dead_share population.null_share_full_name",
        ),
        (
            {"population.birth_date": [date(1970, 1, 1)] * N, "population.alive": [None] * N},
            {},
            "population.default_birth_share population.null_share_alive",
        ),
        (
            {
                "population.birth_date": [None] * N,
                "population.nik": [int(n) % 10**15 for n in NIK],
                "population.kk": ["3.17E+15"] * N,
            },
            {},
            "population.null_share_birth_date population.nik_malformed_share population.kk_malformed_share",
        ),
        (
            {"education.nik": [f"{n}." for n in NIK], "bansos.nik": [f"N{n}" for n in NIK]},
            {},
            "education.nik_malformed_share bansos.nik_malformed_share",
        ),
        (
            {"education.nik": NIK[:50] * 4, "bansos.nik": NIK[:100] * 2, "population.nik": NIK[:100] * 2},
            {},
            "education.repeated_share bansos.repeated_share population.duplicate_nik_share",
        ),
    ],
    ids=[
        "no rows",
        "empty columns",
        "codes",
        "other words",
        "another language",
        "codes of people",
        "nobody who may",
        "no birth date",
        "numbers that lost digits",
        "numbers with something around them",
        "rows twice",
    ],
)
def test_a_first_delivery_that_says_nothing_is_caught(tmp_path, changes, rows, metrics):
    assert set(failing(tmp_path, changes, rows, CheckSettings())) == set(metrics.split())


def test_a_large_register_has_soldiers_somebody_active_and_more_than_one_birth_date(tmp_path):
    changes = {
        "population.birth_date": [date(1980, 7, 1)] * N,
        "education.status": ["left"] * N,
        "bansos.status": ["ended"] * N,
    }
    found = failing(tmp_path, changes)
    assert set(found) == {
        "population.missing_offices",
        "population.one_birth_day_share",
        "education.active_rows",
        "bansos.active_rows",
    }
    assert "TENTARA NASIONAL INDONESIA (TNI)" in found["population.missing_offices"]
    assert not failing(tmp_path, changes, limits=CheckSettings())


@pytest.mark.parametrize(
    ("changes", "metric", "allowed"),
    [
        ({"bansos.status": ["aktif"] * N}, "bansos.unknown_status_share", "active, ended"),
        (
            {"population.occupation": of("POLISI", 30)},
            "population.office_in_other_words_share",
            "KEPOLISIAN RI (POLRI)",
        ),
    ],
)
def test_the_message_says_what_is_allowed(tmp_path, changes, metric, allowed):
    assert allowed in failing(tmp_path, changes, limits=CheckSettings())[metric]


@pytest.mark.parametrize(
    ("bad", "rows", "share"),
    [
        (0, 0, 0.0),
        (20, 1000, 0.0),
        (30, 1000, 0.01),
        (3, 3, 1.0),
        (20, 20, 1.0),
        (19, 20, 0.0),
        (1_000_000, 50_000_000, 0.0199996),
    ],
)
def test_bad_rows_are_judged_as_a_share_and_as_rows(bad, rows, share):
    both = judged_both_ways({"null_count_kk": bad, "rows": rows}, rows, CheckSettings())
    assert both == pytest.approx({"null_share_kk": share, "null_rows_kk": bad, "rows": rows})


@pytest.mark.parametrize(
    ("values", "n"),
    [
        (["a", "b"], 0),
        (["a", None], 1),
        (["a", ""], 1),
        ([" ", "-"], 2),
        (["NULL", "nan", "\\N"], 3),
        ([None, None], 2),
        (["", None, "x"], 2),
    ],
)
@pytest.mark.parametrize("footer", [True, False])
def test_missing_values_are_nulls_and_texts_that_say_nothing(tmp_path, values, n, footer):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"x": pa.array(values, pa.string())}), path, write_statistics=footer)
    with duckdb_sql.connect(tmp_path) as db:
        assert missing(db, Extract("population", date(2020, 1, 1), (path,), len(values)), "x") == n


@pytest.mark.parametrize(
    ("occupation", "metric"),
    [
        ("GURU (PNS)", "population.office_in_other_words_share"),  # brackets hid the word
        ("KEPALA DESA (PENSIUNAN PNS)", "population.office_in_other_words_share"),  # no guess, but no silent pass
        ("CALON PNS", "population.office_in_other_words_share"),
        ("SEKDES", "population.office_in_other_words_share"),
        ("NON ASN", None),
        ("PEGAWAI NEGERI SIPIL (PENSIUNAN)", None),
        ("EKS TNI", None),
        ("WALI KOTA", None),  # the rule reads it
        ("POLRI", None),
    ],
)
def test_what_may_be_an_office_is_told_and_what_is_none_is_not(tmp_path, occupation, metric):
    assert list(failing(tmp_path, {"population.occupation": of(occupation, 30)}, limits=CheckSettings())) == (
        [metric] if metric else []
    )


def test_a_large_register_may_have_the_short_forms(tmp_path):
    people = {"population.occupation": (["PNS", "TNI AD", "POLRI", "GURU"] * N)[:N]}
    assert not failing(tmp_path, people)
    assert list(failing(tmp_path, {"population.occupation": ["PNS", "TNI"] * (N // 2)})) == [
        "population.missing_offices"
    ]


def test_no_occupation_of_the_list_is_taken_for_an_office():
    offices = set(words()["office_words"])
    assert not [o for o in words()["occupations"] if offices & set(o.replace("/", " ").split())]


def test_a_share_that_holds_may_be_too_many_rows(tmp_path):
    """Four of two hundred are 2 %, and of a country they would be five million."""
    limits = {name: 3 for name in CheckSettings.model_fields if name.startswith("max_") and name.endswith("_rows")}
    changes = {
        "population.occupation": [None] * 4 + ["GURU"] * (N - 4),
        "population.kk": ["x"] * 4 + NIK[4:],
        "education.nik": [NIK[0]] * 5 + NIK[5:],
        "education.status": ["active"] * N,
        "bansos.status": ["?"] * 4 + ["active"] * (N - 4),
    }
    found = failing(tmp_path, changes, limits=CheckSettings(**limits))
    assert found.keys() >= {
        "population.null_rows_occupation",
        "population.kk_malformed_rows",
        "education.repeated_rows",
        "bansos.unknown_status_rows",
    }
    assert not [metric for metric in found if "share" in metric]
    assert not failing(tmp_path, changes, limits=CheckSettings())


@pytest.mark.parametrize("name", [name for name in CheckSettings.model_fields if "share" in name or "previous" in name])
def test_each_share_has_a_limit_in_rows_beside_it(name):
    beside = {
        "min_rows_vs_previous": "max_lost_rows",
        "min_province_share": "max_province_lost_rows",
    }.get(name, name.replace("_share", "_rows"))
    assert beside in CheckSettings.model_fields
    judged = {row.get("max") or row.get("min") for row in expectations()}
    if name != "max_duplicate_id_share":  # ingest judges it
        assert {name, beside} <= judged
