"""`gelombang import` from a real PostgreSQL and a real MariaDB, whose passwords never stand on a command line."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import adbc_driver_postgresql.dbapi as postgresql
import pyarrow.parquet as pq
import pymysql
import pytest
from typer.testing import CliRunner, Result

from pipeline.cli import app
from pipeline.domain.errors import MissingColumnError, SourceUnreachableError
from pipeline.record import log
from pipeline.storage.paths import Store
from tests.cluster.servers import mariadb, postgres

SECRET = "rahasia-sekali"
NIKS = [3171010000000001 + n for n in range(60)]
MAPPING = """
[columns]
nik = "NO_KTP"
kk = "no_kk"
full_name = "nama"
birth_date = "tgl_lahir"
sex = "jk"
citizenship = "wn"
alive = "hidup"
occupation = "pekerjaan"
province_code = "prov"
[constants]
photo = ""
[values]
sex = { "1" = "L", "2" = "P" }
"""


def people(yes: str, day: str) -> str:
    """60 rows as SQL values, in no order of the NIKs."""
    rest = f"'WNI', {yes}, 'PETANI/PEKEBUN', '31'"
    rows = [
        f"({nik}, '{NIKS[0]}', 'NAMA O''{n}', {day}'1990-05-{1 + n % 28:02}', {1 + n % 2}, {rest})"
        for n, nik in enumerate(reversed(NIKS))
    ]
    return f"INSERT INTO penduduk VALUES {', '.join(rows)}"


@pytest.fixture(scope="module")
def elephant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A PostgreSQL with a register: NIK as numeric, flags as boolean. Yields its address and a file of passwords."""
    with postgres(SECRET) as address:
        host, port = address.split("@")[1].split("/")[0].split(":")
        passwords = tmp_path_factory.mktemp("home") / "pgpass"
        passwords.write_text(f"{host}:{port}:*:airflow:{SECRET}\n")
        passwords.chmod(0o600)
        with (
            postgresql.connect(f"postgresql://airflow:{SECRET}@{host}:{port}/airflow", autocommit=True) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute("CREATE SCHEMA dukcapil")
            cursor.execute("SET search_path = dukcapil")
            cursor.execute(
                'CREATE TABLE penduduk ("NO_KTP" numeric(16), no_kk char(20), nama text, tgl_lahir date, jk smallint, '
                "wn varchar(3), hidup boolean, pekerjaan text, prov char(2))"
            )
            cursor.execute(people("true", "date "))
            cursor.execute("INSERT INTO penduduk VALUES (317, 'x', 'y', null, null, 'WNI', true, null, '31')")
        yield f"postgresql://{address}", passwords


@pytest.fixture(scope="module")
def seal() -> Iterator[str]:
    """A MariaDB with the same register: NIK as bigint, flags as bit. Yields its address."""
    with mariadb(SECRET) as port:
        with (
            pymysql.connect(host="127.0.0.1", port=port, user="reader", password=SECRET, db="registers") as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(
                "CREATE TABLE penduduk (NO_KTP bigint unsigned, no_kk char(20), nama text, tgl_lahir date, jk tinyint, "
                "wn varchar(3), hidup bit(1), pekerjaan text, prov char(2))"
            )
            cursor.execute(people("b'1'", ""))
            cursor.execute("INSERT INTO penduduk VALUES (317, 'x', 'y', null, null, 'WNI', b'1', null, '31')")
            connection.commit()
        yield f"mysql://reader@127.0.0.1:{port}/registers"


def run(folder: Path, address: str, mapping: str = MAPPING, table: str = "penduduk") -> Result:
    (folder / "m.toml").write_text(mapping)
    (folder / "data").mkdir(exist_ok=True)
    asked = ["import", "population", address, "--asof", "2020-04-10", "--language", "en"]
    asked += ["--data", str(folder / "data")]
    named = ["--table", table] if table else []
    return CliRunner().invoke(app, [*asked, "--mapping", str(folder / "m.toml"), *named])


def is_the_register(folder: Path, done: Result) -> None:
    assert done.exit_code == 0, (done.output, done.exception)
    assert "NIK is not sixteen digits: 1" in done.output
    found = pq.read_table(folder / "data/extracts/population/asof=2020-04-10", partitioning=None).to_pylist()
    assert [row["nik"] for row in found] == NIKS
    last = {**found[-1], "occupation": None}
    assert last == {
        "nik": NIKS[-1],
        "kk": NIKS[0],
        "full_name": "NAMA O'0",
        "birth_date": date(1990, 5, 1),
        "sex": "L",
        "citizenship": "WNI",
        "alive": True,
        "occupation": None,
        "province_code": "31",
        "regency_code": None,
        "photo": None,
    }
    [entry] = log.entries(Store.at(folder / "data"), None, "imported")
    assert SECRET not in str(entry)
    assert "airflow@" not in str(entry)
    assert "reader@" not in str(entry)


def test_a_table_of_postgresql_with_the_password_of_a_pgpass_file(elephant, tmp_path, monkeypatch):
    address, passwords = elephant
    monkeypatch.setenv("PGPASSFILE", str(passwords))
    is_the_register(tmp_path, run(tmp_path, address, table="dukcapil.penduduk"))


def test_a_query_of_postgresql_with_the_password_of_the_environment(elephant, tmp_path, monkeypatch):
    address, _ = elephant
    monkeypatch.setenv("PGPASSWORD", SECRET)
    query = f"query = '''SELECT * FROM dukcapil.penduduk WHERE prov = '31';'''\n{MAPPING}"
    is_the_register(tmp_path, run(tmp_path, address, query, table=""))


def test_nothing_can_be_written_to_postgresql(elephant, tmp_path, monkeypatch):
    address, _ = elephant
    monkeypatch.setenv("PGPASSWORD", SECRET)
    query = f"query = 'WITH gone AS (DELETE FROM dukcapil.penduduk RETURNING *) SELECT * FROM gone'\n{MAPPING}"
    assert isinstance(run(tmp_path, address, query, table="").exception, SourceUnreachableError)


def test_what_postgresql_refuses_is_a_named_error_without_the_password(elephant, tmp_path, monkeypatch):
    address, passwords = elephant
    monkeypatch.setenv("PGPASSWORD", SECRET + "x")
    wrong = run(tmp_path, address)
    assert isinstance(wrong.exception, SourceUnreachableError)
    assert SECRET not in str(wrong.exception) + wrong.output
    monkeypatch.setenv("PGPASSFILE", str(passwords))
    monkeypatch.delenv("PGPASSWORD")
    nowhere = run(tmp_path, address, table="dukcapil.nowhere")
    assert isinstance(nowhere.exception, SourceUnreachableError)
    assert "nowhere" in str(nowhere.exception)
    unmapped = run(tmp_path, address, "", table="dukcapil.penduduk")
    assert isinstance(unmapped.exception, MissingColumnError)
    assert "nik, kk" in str(unmapped.exception)
    assert not (tmp_path / "data" / "extracts" / "population").exists()


def test_a_table_of_mysql_with_the_password_of_the_environment(seal, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("MYSQL_PWD", SECRET)
    is_the_register(tmp_path, run(tmp_path, seal))


def test_a_query_of_mysql_with_the_password_of_an_option_file(seal, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("MYSQL_PWD", raising=False)
    (tmp_path / ".my.cnf").write_text(f"[client]\nuser = reader\npassword = {SECRET}\n")
    is_the_register(tmp_path, run(tmp_path, seal, f"query = 'SELECT * FROM penduduk'\n{MAPPING}", table=""))


def test_what_mysql_refuses_is_a_named_error_without_the_password(seal, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("MYSQL_PWD", SECRET + "x")
    wrong = run(tmp_path, seal)
    assert isinstance(wrong.exception, SourceUnreachableError)
    assert SECRET not in str(wrong.exception) + wrong.output
    monkeypatch.setenv("MYSQL_PWD", SECRET)
    assert isinstance(run(tmp_path, seal, table="nowhere").exception, SourceUnreachableError)
