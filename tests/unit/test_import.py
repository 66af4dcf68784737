"""`gelombang import`: text in any form, workbooks and mappings become the contract's Parquet, or nothing is written."""

from __future__ import annotations

import gzip
import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
from typer.testing import CliRunner, Result

from pipeline.cli import app
from pipeline.domain.contracts import EXTRACTS, Table
from pipeline.domain.errors import (
    BadMappingError,
    BadSettingError,
    CheckFailedError,
    DeliveryExistsError,
    ImportRefusedError,
    MissingColumnError,
    UnreadableFileError,
)
from pipeline.importing import readings
from pipeline.importing.mapping import Mapping
from pipeline.ingest.extracts import _checked
from pipeline.record import log
from pipeline.storage import duckdb_sql
from pipeline.storage.paths import Store

ASOF = date(2020, 4, 10)
NIKS = [f"{3171010000000001 + n}" for n in range(40)]
PUPILS = "nik,register,level,status\n" + "".join(f"{nik},dapodik,SMA,active\n" for nik in reversed(NIKS))
MAPPING = """
[columns]
nik = "No. KTP"
level = "Jenjang"
status = "Keterangan"
[constants]
register = "dapodik"
[values.status]
Aktif = "active"
LULUS = "graduated"
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


def run(data: Path, name: str, source: Path | str, *more: str) -> Result:
    asked = ["import", name, str(source), "--asof", str(ASOF), "--data", str(data), "--language", "en", *more]
    return CliRunner().invoke(app, asked)


def rows(data: Path, name: str) -> list[dict[str, Any]]:
    """The rows of a delivery, with NIK and KK, which are numbers there, in their sixteen digits."""
    [path] = (data / "extracts" / name / f"asof={ASOF}").iterdir()
    _checked(path, EXTRACTS[name])
    wanted = [(f.name, pa.int64() if f.name in readings.NUMBERS else f.type) for f in EXTRACTS[name].schema]
    assert [(f.name, f.type) for f in pq.read_schema(path)] == wanted
    found = pq.read_table(path, partitioning=None).to_pylist()
    return [{n: f"{v:016d}" if n in readings.NUMBERS and v is not None else v for n, v in row.items()} for row in found]


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def refused(done: Result, kind: type[Exception], data: Path) -> str:
    """The error, and nothing of a delivery is there."""
    assert isinstance(done.exception, kind), (done.output, done.exception)
    assert [p for p in data.rglob("*") if p.suffix != ".lock" and p.is_file() and "record" not in p.parts] == []
    return str(done.exception)


FORMS = {
    "utf-8.csv": str.encode,
    "bom.csv": lambda text: text.encode("utf-8-sig"),
    "utf-16.csv": lambda text: text.encode("utf-16"),
    "windows.txt": lambda text: text.replace(",", ";").replace("\n", "\r\n").replace("SMA", "JOSÉ").encode("cp1252"),
    "tabs.tsv": lambda text: text.replace(",", "\t").replace("nik", "NIK ").encode(),
    "quotes.csv": lambda text: text.replace("SMA", '"SMA"').replace("active", "Active").encode(),
    "apostrophes.csv": lambda text: ("sep=,\n" + text.replace("3171", "'3171")).encode(),
    "packed.csv.gz": lambda text: gzip.compress(text.encode()),
    "empty.csv": lambda text: b"",
}


def test_a_folder_of_text_in_any_form_becomes_one_delivery_sorted_by_nik(data: Path, tmp_path: Path):
    folder = tmp_path / "in"
    folder.mkdir()
    head, *lines = PUPILS.splitlines()
    for n, (name, form) in enumerate(FORMS.items()):
        written(folder / name, form("\n".join([head, *lines[n :: len(FORMS)]])))
    done = run(data, "education", folder)
    assert done.exit_code == 0, done.output
    found = rows(data, "education")
    lost = lines[len(FORMS) - 1 :: len(FORMS)]
    assert [row["nik"] for row in found] == [nik for nik in NIKS if not any(line.startswith(nik) for line in lost)]
    assert found[1] == {"nik": NIKS[1], "register": "dapodik", "level": "SMA", "status": "active"}
    assert {row["level"] for row in found} == {"SMA", "JOSÉ"}
    assert f"{len(found)} rows were written" in done.output


def test_a_mapping_has_the_sources_names_words_and_constants(data: Path, tmp_path: Path):
    given = "Jenjang;No. KTP;Keterangan;Sekolah\n" + "".join(
        f"SMA;{nik};{'aktif' if n % 2 else ' Lulus '};X\n" for n, nik in enumerate(NIKS)
    )
    mapping = written(tmp_path / "m.toml", MAPPING)
    done = run(data, "education", written(tmp_path / "siswa.csv", given), "--mapping", str(mapping), "--json")
    assert done.exit_code == 0, done.output
    assert {(row["register"], row["status"]) for row in rows(data, "education")} == {
        ("dapodik", "active"),
        ("dapodik", "graduated"),
    }
    said = json.loads(done.stdout)
    assert (said["rows"], said["read"], said["set_aside"], said["unreadable"]) == (40, 40, {}, {})


PERSON = "{nik},{nik},BUDI,1990-05-{day:02d},L,WNI,1,PETANI,31,"


@pytest.mark.parametrize(
    ("head", "more", "mapping", "expected"),
    [
        ("", "", "", None),
        (",regency_code", ",3171", "", "3171"),
        (",Kab", ",3171", '[columns]\nregency_code = "Kab"\n', "3171"),
        ("", "", '[constants]\nregency_code = "3174"\n', "3174"),
    ],
)
def test_an_optional_column_may_be_missing(
    data: Path, tmp_path: Path, head: str, more: str, mapping: str, expected: Any
):
    names = ",".join(c.name for c in EXTRACTS["population"].columns if c.required)
    people = "".join(PERSON.format(nik=nik, day=1 + n % 28) + f"{more}\n" for n, nik in enumerate(NIKS))
    asked = ["--mapping", str(written(tmp_path / "m.toml", mapping)), "--json"]
    done = run(data, "population", written(tmp_path / "penduduk.csv", f"{names}{head}\n{people}"), *asked)
    assert done.exit_code == 0, (done.output, done.exception)
    assert {row["regency_code"] for row in rows(data, "population")} == {expected}
    assert json.loads(done.stdout)["empty"] == ["photo"]


def test_what_was_set_aside_is_told_in_indonesian(data: Path, tmp_path: Path):
    spoilt = PUPILS + "3.17E+15,dapodik,SMA,active\n"
    done = run(data, "education", written(tmp_path / "s.csv", spoilt), "--language", "id")
    assert done.exit_code == 0, done.output
    assert "NIK diubah oleh lembar kerja (3.17E+15): 1" in done.output


@pytest.mark.parametrize(
    ("column", "text", "value"),
    [
        ("birth_date", "1990-05-15", date(1990, 5, 15)),
        ("birth_date", "15/05/1990", date(1990, 5, 15)),
        ("birth_date", "1990-05-15 00:00:00", date(1990, 5, 15)),
        ("birth_date", "0000-00-00", None),
        ("birth_date", "9999-12-31", None),
        ("alive", "0", False),
        ("alive", "TIDAK", False),
        ("alive", "hidup", None),
        ("sex", "L", "L"),
        ("sex", "1", None),
        ("citizenship", "WNA", "WNA"),
        ("kk", "3.17E+15", None),
        ("occupation", " PETANI/PEKEBUN ", "PETANI/PEKEBUN"),
        ("full_name", "NULL", None),
        ("nik", "'3171010000000001", 3171010000000001),
    ],
)
def test_each_value_is_read_or_left_empty_and_counted(tmp_path: Path, column: str, text: str, value: Any):
    contract = EXTRACTS["population"]
    given = pa.table(
        {name: [text if name == column else None] for name in contract.schema.names}, contract_texts(contract)
    )
    with duckdb_sql.connect(tmp_path) as db:
        readings.define(db)
        db.register("delivered", given)
        [row] = db.sql(readings.staged(contract, Mapping())).to_arrow_table().to_pylist()
    assert row[column] == value
    assert row[f"bad_{column}"] == (value is None and text != "NULL" and text != "-")
    assert row.get(f"word_{column}") == (text if text == "1" else None)


def contract_texts(contract: Table) -> pa.Schema:
    return pa.schema([(name, pa.string()) for name in contract.schema.names])


@pytest.mark.parametrize(
    ("nik", "problem"),
    [
        ("3171010000000001", None),
        ("", readings.NO_NIK),
        ("3.17101E+15", readings.SPOILT_NIK),
        ("3,17101e15", readings.SPOILT_NIK),
        ("317101", readings.NOT_SIXTEEN),
        ("3171010000000001.0", readings.NOT_SIXTEEN),
        ("31710100000000012", readings.NOT_SIXTEEN),
    ],
)
def test_a_row_without_a_usable_nik_has_a_problem(tmp_path: Path, nik: str, problem: str | None):
    with duckdb_sql.connect(tmp_path) as db:
        readings.define(db)
        db.register("delivered", pa.table({"nik": [nik], "listed_by": ["X"]}))
        [row] = db.sql(readings.staged(EXTRACTS["priority"], Mapping())).to_arrow_table().to_pylist()
    assert row["problem"] == problem


def test_rows_without_a_usable_nik_are_set_aside_by_reason_and_named(data: Path, tmp_path: Path):
    bad = "3.17101E+15,KEMNAKER\n317101,KEMNAKER\n,KEMNAKER\n3171010000000001,KEMNAKER,more\n"
    given = "nik,listed_by\n" + "".join(f"{nik},KEMNAKER\n" for nik in NIKS) + bad
    done = run(data, "priority", written(tmp_path / "list.csv", given))
    assert done.exit_code == 0, done.output
    assert len(rows(data, "priority")) == 40
    for said in ("changed by a spreadsheet (3.17E+15): 1", "not sixteen digits: 1", "no NIK: 1", "number of fields: 1"):
        assert said in done.output
    [entry] = log.entries(Store.at(data), None, "imported")
    assert (entry.facts["rows"], entry.facts["aside"], entry.facts["source"]) == (40, 4, ["list.csv"])
    assert not any(nik in json.dumps(entry.facts) for nik in NIKS)


def workbook(path: Path, niks: list[Any], title: bool = True) -> Path:
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet("Data")
    book.add_worksheet("Sheet2")
    if title:
        sheet.write(0, 0, "Daftar larangan per April")
    for i, name in enumerate(["NIK", "Reason", "Since"]):
        sheet.write(2, i, name)
    day = book.add_format({"num_format": "dd/mm/yyyy"})
    for n, nik in enumerate(niks):
        sheet.write(3 + n, 0, nik)
        sheet.write(3 + n, 1, "fraud")
        sheet.write_datetime(3 + n, 2, datetime(2020, 4, 1), day)
    book.close()
    return path


def test_a_workbook_below_a_title_with_niks_that_the_spreadsheet_spoilt(data: Path, tmp_path: Path):
    spoilt = [3171010000000120, 9171010000000123]
    done = run(data, "blacklist", workbook(tmp_path / "l.xlsx", [*NIKS, 3171010000000999, *spoilt]))
    assert done.exit_code == 0, (done.output, done.exception)
    found = rows(data, "blacklist")
    assert [row["nik"] for row in found] == [*NIKS, "3171010000000999"]
    assert found[0]["since"] == date(2020, 4, 1)
    assert "NIK changed by a spreadsheet (3.17E+15): 2" in done.output


def test_a_workbook_of_spoilt_niks_alone_is_refused(data: Path, tmp_path: Path):
    book = workbook(tmp_path / "l.xlsx", [3171010000000000 + 10 * n for n in range(60)])
    assert "No row of 60 can be used" in refused(run(data, "blacklist", book), ImportRefusedError, data)


def test_the_same_rows_in_another_order_give_the_same_bytes(tmp_path: Path):
    contract = EXTRACTS["blacklist"]
    people = [{"nik": nik, "reason": reason, "since": None} for nik in NIKS for reason in "ab"]
    with duckdb_sql.connect(tmp_path) as db:
        readings.define(db)
        for n, order in enumerate((people, people[::-1])):
            db.register("delivered", pa.Table.from_pylist(order, contract_texts(contract)))
            rows = f"({readings.staged(contract, Mapping())})"
            assert duckdb_sql.copy(db, readings.delivery(contract, rows), tmp_path / f"{n}.parquet") == 80
    assert (tmp_path / "0.parquet").read_bytes() == (tmp_path / "1.parquet").read_bytes()


@pytest.mark.parametrize(
    ("given", "kind", "says"),
    [
        ("ktp,level\n1,2\n", MissingColumnError, "nik, register, status"),
        ("nik,register,level,status\n", ImportRefusedError, "No row"),
        (PUPILS.replace("active", "AKTIF"), ImportRefusedError, "other words: AKTIF"),
        (PUPILS.replace("active", ""), ImportRefusedError, "status"),
        (PUPILS.replace("3171", "317"), ImportRefusedError, "not sixteen digits: 40"),
        (PUPILS.replace("active", "left", 1) + f"{NIKS[0]},dapodik,SMA,gone\n" * 900, CheckFailedError, "status"),
    ],
    ids=["no column", "no row", "other words", "empty column", "short NIKs", "the wave's own checks"],
)
def test_what_is_no_delivery_is_refused_and_nothing_is_written(
    data: Path, tmp_path: Path, given: str, kind: type[Exception], says: str
):
    assert says in refused(run(data, "education", written(tmp_path / "x.csv", given)), kind, data)


def test_words_of_another_column_are_not_shown(data: Path, tmp_path: Path):
    names = "nik,register,level,status\n" + "".join(
        f"{nik},dapodik,SMA,NAMA {chr(65 + n)}\n" for n, nik in enumerate(NIKS)
    )
    assert "NAMA" not in refused(run(data, "education", written(tmp_path / "x.csv", names)), ImportRefusedError, data)


@pytest.mark.parametrize(
    ("mapping", "says"),
    [
        ("[column]\nnik = 'x'", "no key column"),
        ("[columns]\nnick = 'x'", "no column nick"),
        ("[columns]\nnik = 3", "not a text"),
        ("[values.status]\nAKTIF = 'on'", "cannot be on"),
        ("nik = ", "not TOML"),
        ("columns = 'x'", "not a table"),
    ],
)
def test_a_mapping_that_means_nothing_is_refused(data: Path, tmp_path: Path, mapping: str, says: str):
    source, path = written(tmp_path / "x.csv", PUPILS), written(tmp_path / "m.toml", mapping)
    assert says in refused(run(data, "education", source, "--mapping", str(path)), BadMappingError, data)


def test_a_delivery_is_replaced_only_where_that_is_said(data: Path, tmp_path: Path):
    source = written(tmp_path / "x.csv", PUPILS)
    assert run(data, "education", source).exit_code == 0
    again = run(data, "education", source)
    assert isinstance(again.exception, DeliveryExistsError)
    written(source, PUPILS.replace("SMA", "SMK"))
    assert run(data, "education", source, "--replace").exit_code == 0
    assert {row["level"] for row in rows(data, "education")} == {"SMK"}


def test_a_failure_at_the_end_leaves_the_delivery_that_was_there(data: Path, tmp_path: Path):
    assert run(data, "education", written(tmp_path / "x.csv", PUPILS)).exit_code == 0
    folder = tmp_path / "in"
    folder.mkdir()
    written(folder / "a.csv", PUPILS.replace("SMA", "SMK"))
    written(folder / "b.csv.gz", b"\x1f\x8b\x08damaged")
    done = run(data, "education", folder, "--replace")
    assert isinstance(done.exception, UnreadableFileError)
    assert {row["level"] for row in rows(data, "education")} == {"SMA"}
    assert [p for p in (data / "work").iterdir() if p.suffix != ".lock"] == []


@pytest.mark.parametrize(
    ("source", "kind", "says"),
    [
        ("postgresql://me:geheim@127.0.0.1/db", BadSettingError, "password"),
        ("postgresql://me@127.0.0.1/db?password=geheim", BadSettingError, "password"),
        ("mysql://me:geheim@127.0.0.1/db", BadSettingError, "password"),
        ("mysql://me@127.0.0.1/db", BadSettingError, "Which table"),
        ("oracle://me@127.0.0.1/db", BadSettingError, "oracle"),
        ("nowhere.csv", UnreadableFileError, "not there"),
    ],
)
def test_what_cannot_be_a_source_is_said_without_its_password(
    data: Path, source: str, kind: type[Exception], says: str
):
    more = ["--table", "siswa"] if "oracle" in source else []
    told = refused(run(data, "education", source, *more), kind, data)
    assert says in told
    assert "geheim" not in told


def test_an_unknown_extract_and_a_day_to_come(data: Path, tmp_path: Path):
    source = written(tmp_path / "x.csv", PUPILS)
    refused(run(data, "students", source), BadSettingError, data)
    late = CliRunner().invoke(app, ["import", "education", str(source), "--asof", "2999-01-01", "--data", str(data)])
    refused(late, BadSettingError, data)
