"""What great_expectations lets pass and what it stops: accidents of deliveries, and a cohort that is not one."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from checks.cohort import check_cohort
from checks.gate import expectations
from checks.inputs import check_inputs
from pipeline.domain import contracts, errors
from pipeline.domain.calendar import Wave
from pipeline.domain.settings import CheckSettings
from pipeline.ingest.extracts import Extract, resolve_extracts
from pipeline.storage import files
from pipeline.storage.paths import Store

WAVE = Wave(1, datetime(2020, 4, 11), datetime(2020, 4, 16, 16), 10, "seed")
N = 1_000
POPULATION = pa.table(
    {
        "nik": [f"{3171010000000000 + n}" for n in range(N)],
        "kk": [f"{3171010000000000 + n // 3}" for n in range(N)],
        "full_name": [f"ORANG {n}" for n in range(N)],
        "birth_date": [date(1990, 1, 1)] * N,
        "sex": ["L", "P"] * (N // 2),
        "citizenship": ["WNI"] * N,
        "alive": [True] * N,
        "occupation": ["PETANI"] * N,
        "province_code": [("31", "32")[n % 2] for n in range(N)],
        "regency_code": [("3171", "3201")[n % 2] for n in range(N)],
        "photo": ["x.jpg"] * N,
    },
    schema=contracts.POPULATION,
)
TABLES = {
    "population": POPULATION,
    "education": pa.table(
        {"nik": POPULATION["nik"], "register": ["emis"] * N, "level": ["SMA"] * N, "status": ["left"] * N}
    ),
    "bansos": pa.table({"nik": POPULATION["nik"], "programme": ["PKH"] * N, "status": ["ended"] * N}),
}


def put(root, name, table, asof):
    folder = root / "extracts" / name / f"asof={asof}"
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, folder / "a.parquet")


@pytest.fixture
def root(tmp_path):
    for name, table in TABLES.items():
        put(tmp_path, name, table, "2020-04-10")
        put(tmp_path, name, table, "2020-04-15")
    work = tmp_path / "work" / "wave-0001"
    empty = pa.table({f.name: pa.nulls(3, f.type) for f in contracts.INGESTED})
    files.write_table(empty, work / "registrations.parquet", contracts.INGESTED)
    files.write_json({"taken_in": 3, "set_aside": 0}, work / "ingest.json")
    return tmp_path


def check(root):
    where = Store.at(root)
    return check_inputs(where, WAVE, resolve_extracts(where, WAVE), CheckSettings())


def put_column(column, values):
    return POPULATION.set_column(POPULATION.schema.get_field_index(column), column, pa.array(values))


def test_sound_deliveries_pass_and_leave_data_docs(root):
    report = check(root)
    assert report.judged > 20
    assert (report.docs / "index.html").is_file()
    assert {f.metric for f in report.failures} == {"outside_wave_share", "nik_malformed_share"}  # the three empty rows
    page = "".join(p.read_text() for p in report.docs.rglob("*.html"))
    assert "3171010000000001" not in page


@pytest.mark.parametrize(
    ("name", "table", "says"),
    [
        ("population", POPULATION.slice(0, 800), "population.rows_vs_previous is 0.82"),
        ("education", TABLES["education"].slice(0, 500), "education.rows_vs_previous"),
        ("population", put_column("full_name", pa.nulls(N, pa.string())), "population.null_share_full_name is 1, "),
        ("population", put_column("nik", ["3171010000000001"] * N), "population.duplicate_nik_share"),
        ("population", put_column("nik", ["12"] * N), "population.nik_malformed_share"),
        ("population", put_column("birth_date", [date(2021, 1, 1)] * N), "population.future_birth_share"),
        ("population", put_column("citizenship", ["INDONESIA"] * N), "population.unknown_citizenship_share"),
        ("population", put_column("province_code", ["31"] * N), "population.least_province_vs_previous"),
        ("bansos", TABLES["bansos"].set_column(2, "status", pa.array(["?"] * N)), "bansos.unknown_status_share"),
    ],
)
def test_accidents_of_a_delivery_are_named_with_their_figures(root, name, table, says):
    put(root, name, table, "2020-04-15")
    with pytest.raises(errors.CheckFailedError, match=says) as caught:
        check(root)
    assert "expect_column_max_to_be_between" in str(caught.value)
    assert "index.html" in str(caught.value)


def test_a_blacklist_that_shrank_is_an_accident_and_a_priority_list_a_note(root):
    listed = [f"31710115059{n:05d}" for n in range(1_000)]
    for name, schema in (("priority", contracts.PRIORITY), ("blacklist", contracts.BLACKLIST)):
        whole = pa.table({f.name: listed if f.name == "nik" else pa.nulls(1_000) for f in schema}).cast(schema)
        put(root, name, whole, "2020-04-10")
        put(root, name, whole.slice(0, 0 if name == "priority" else 950), "2020-04-15")
    assert check(root)
    put(root, "blacklist", whole.slice(0, 0), "2020-04-15")
    with pytest.raises(errors.CheckFailedError, match=r"blacklist\.rows_vs_previous"):
        check(root)


def test_a_handful_of_bad_rows_is_no_accident(root):
    put(root, "population", put_column("full_name", [None] * 15 + ["X"] * (N - 15)), "2020-04-15")
    assert check(root)


def test_integers_are_read_as_niks(root):
    numbers = [int(nik) for nik in POPULATION["nik"].to_pylist()]
    put(root, "population", put_column("nik", numbers), "2020-04-15")
    assert check(root)


@pytest.mark.parametrize(
    ("break_it", "error", "says"),
    [
        (lambda f: (f / "b.parquet.part").write_text("x"), errors.UnreadableFileError, "still being written"),
        (lambda f: (f / "b.csv").write_text("nik\n"), errors.UnreadableFileError, r"b\.csv is not Parquet"),
        (lambda f: (f / "a.parquet").rename(f / "a.XLSX"), errors.UnreadableFileError, r"a\.XLSX is not Parquet"),
        (lambda f: (f / "a.parquet").write_bytes(b"PAR1half"), errors.UnreadableFileError, r"a\.parquet"),
        (
            lambda f: pq.write_table(POPULATION.drop_columns("alive"), f / "b.parquet"),
            errors.MissingColumnError,
            "alive",
        ),
        (lambda f: pq.write_table(put_column("alive", [1] * N), f / "b.parquet"), errors.WrongTypeError, "alive"),
        (lambda f: pq.write_table(put_column("nik", [1.5] * N), f / "b.parquet"), errors.WrongTypeError, "nik"),
    ],
)
def test_a_delivery_that_cannot_be_used_is_named(root, break_it, error, says):
    break_it(root / "extracts" / "population" / "asof=2020-04-15")
    with pytest.raises(error, match=says):
        check(root)


def test_the_newest_delivery_not_after_the_closing_day_is_used(root):
    put(root, "bansos", TABLES["bansos"], "2020-04-17")
    extracts = resolve_extracts(Store.at(root), WAVE)
    assert extracts["bansos"].asof == date(2020, 4, 15)
    assert extracts["bansos"].previous_asof == date(2020, 4, 10)
    put(root, "bansos", TABLES["bansos"], "2020-04-16")
    assert resolve_extracts(Store.at(root), WAVE)["bansos"].asof == date(2020, 4, 16)


def test_other_files_beside_a_delivery_are_no_part_of_it(root):
    folder = root / "extracts" / "bansos" / "asof=2020-04-15"
    for name in ("_SUCCESS", "README.txt", ".a.parquet.crc"):
        (folder / name).write_text("x")
    (folder / "a.parquet").rename(folder / "A.PARQUET")
    assert resolve_extracts(Store.at(root), WAVE)["bansos"].rows == N


def test_missing_and_too_new_deliveries_are_named(root):
    import shutil

    folder = root / "extracts" / "education"
    shutil.rmtree(folder / "asof=2020-04-10")
    (folder / "asof=2020-04-15").rename(folder / "asof=2020-04-17")
    with pytest.raises(errors.ExtractTooNewError, match="education is dated 2020-04-17"):
        resolve_extracts(Store.at(root), WAVE)
    shutil.rmtree(folder)
    with pytest.raises(errors.MissingExtractError, match="education"):
        resolve_extracts(Store.at(root), WAVE)


def cohort(root, ranks=(1, 2), niks=("1", "2"), reasons=((), ()), quota=10):
    out = root / "work" / "wave-0001" / "out"
    ids = [f"R{n}" for n in range(len(ranks))]

    def table(schema, **columns):
        full = {f.name: columns.get(f.name, pa.nulls(len(ids), f.type)) for f in schema}
        files.write_table(pa.table(full, schema=schema), out.parent / "x.parquet", schema)
        return pa.table(full, schema=schema)

    accepted = {"registration_id": ids, "outcome": ["accepted"] * len(ids), "reasons": [list(r) for r in reasons]}
    pairs: dict[str, tuple[pa.Schema, dict[str, Any]]] = {
        "out/cohort": (contracts.COHORT, {"registration_id": ids, "rank": list(ranks), "nik": list(niks)}),
        "out/decisions": (contracts.DECISIONS, accepted),
        "registrations": (contracts.INGESTED, {"registration_id": ids}),
    }
    for name, (schema, columns) in pairs.items():
        files.write_table(table(schema, **columns), out.parent / f"{name}.parquet", schema)
    wave = Wave(1, WAVE.opens, WAVE.closes, quota, "seed")
    return check_cohort(Store.at(root), wave)


def test_a_sound_cohort_passes(tmp_path):
    assert cohort(tmp_path).judged == 10


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        ({"ranks": (1, 3)}, "rank_gaps"),
        ({"niks": ("1", "1")}, "niks_twice"),
        ({"reasons": ((), ("blur",))}, "accepted_with_reasons"),
        ({"quota": 1}, "places_left is -1"),
    ],
)
def test_a_cohort_that_is_not_one_is_stopped(tmp_path, broken, says):
    with pytest.raises(errors.CheckFailedError, match=says):
        cohort(tmp_path, **broken)


def test_nobody_on_the_blacklist_by_the_closing_day_is_accepted(tmp_path):
    niks = [3171011505900001, 3171011505900002]
    cohort(tmp_path, niks=tuple(map(str, niks)))
    table = pa.table(
        {"nik": niks, "reason": ["x", "x"], "since": [WAVE.closing_day + timedelta(days=1), None]},
        schema=pa.schema([("nik", pa.int64()), ("reason", pa.string()), ("since", pa.date32())]),
    )
    pq.write_table(table, tmp_path / "b.parquet")
    listed = Extract("blacklist", WAVE.closing_day, (tmp_path / "b.parquet",), 2)
    with pytest.raises(errors.CheckFailedError, match="blacklisted is 1"):
        check_cohort(Store.at(tmp_path), WAVE, listed)


def test_a_later_delivery_that_is_still_being_written_is_not_waited_for(root):
    later = root / "extracts" / "bansos" / "asof=2020-04-20"
    later.mkdir()
    (later / "a.parquet.part").write_bytes(b"x")
    assert resolve_extracts(Store.at(root), WAVE)["bansos"].asof == date(2020, 4, 15)


def test_an_optional_list_that_came_too_late_is_no_silent_pass(root):
    import shutil

    shutil.rmtree(root / "extracts" / "blacklist", ignore_errors=True)
    put(root, "blacklist", contracts.BLACKLIST.empty_table(), "2020-04-20")
    with pytest.raises(errors.ExtractTooNewError, match="blacklist is dated 2020-04-20"):
        resolve_extracts(Store.at(root), WAVE)
    shutil.rmtree(root / "extracts" / "blacklist")
    assert "blacklist" not in resolve_extracts(Store.at(root), WAVE)


def test_files_of_one_delivery_may_have_text_and_integers(root):
    put(root, "bansos", TABLES["bansos"], "2020-04-15")
    folder = root / "extracts" / "bansos" / "asof=2020-04-15"
    table = pq.read_table(next(iter(folder.glob("*.parquet"))), partitioning=None)
    number = pa.array([int(nik) + 1_000_000 for nik in table["nik"].to_pylist()], pa.int64())
    pq.write_table(table.set_column(table.schema.get_field_index("nik"), "nik", number), folder / "z.parquet")
    extracts = resolve_extracts(Store.at(root), WAVE)
    assert extracts["bansos"].rows == 2 * table.num_rows
    failures = check_inputs(Store.at(root), WAVE, extracts, CheckSettings()).failures
    assert not [failure for failure in failures if failure.table == "bansos"]


@pytest.mark.parametrize("row", expectations(), ids=lambda row: f"{row['table']}.{row['metric']}")
def test_every_limit_is_a_number_or_a_setting(row):
    for limit in (row.get("min"), row.get("max")):
        assert limit is None or isinstance(limit, int | float) or limit in CheckSettings.model_fields
    assert (row.get("min") is None) != (row.get("max") is None)
