"""`find` and `access`: a person over several waves, by what is typed on standard input, and a line for each look."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.domain.contracts import COHORT
from pipeline.domain.contracts.published_tables import CHANGES
from pipeline.domain.errors import BadSettingError
from pipeline.domain.short_code import SQL, short_code
from pipeline.inspection.person import Asked, asked
from pipeline.record import log
from pipeline.storage.files import write_table
from pipeline.storage.paths import Store
from tests.spec.world import World, kk, nik, wave

FIRST, SECOND = wave(3, seed="one", quota=1), wave(4, seed="two", quota=5)
PHONE = "081234567890"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Siti applies in both waves, Budi in the second; each wave finished."""
    world = World(tmp_path_factory.mktemp("find") / "data")
    world.root.mkdir()
    siti = world.person(nik(1), kk=kk(1), full_name="SITI AMINAH")
    budi = world.person(nik(2), kk=kk(2), full_name="BUDI [red]SANTOSO")
    for this, people in ((FIRST, [("A1", siti, 1)]), (SECOND, [("B1", siti, 1), ("B2", budi, 2)])):
        world.applications.clear()
        for id_, person, n in people:
            name = {1: "Siti Aminah", 2: "Budi [red]Santoso"}[n]
            world.apply(this, id_, person, kk=kk(n), full_name=name, phone=PHONE if n == 1 else "0856")
        world.enter("blacklist", nik(9), reason="x")
        world.screen(this)
        world.decide(this, {})
        world.finish(this)
    return world.root


@pytest.fixture
def data(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "data"))


@pytest.mark.parametrize(
    ("typed", "kind", "value"),
    [
        (" 3173 0101 0190 0001 ", "nik", "3173010101900001"),
        ("081234567890", "phone", "81234567890"),
        ("+62 812-3456-7890", "phone", "81234567890"),
        ("6281234567890", "phone", "81234567890"),
        ("g 1a2b-3c4d 5e6f", "code", "G-1A2B-3C4D-5E6F"),
        ("0812-3456-7890", "phone", "81234567890"),  # as long as a code without its G
        ("Siti  Aminah", "text", "Siti Aminah"),
        ("12345", "text", "12345"),
    ],
)
def test_what_somebody_typed(typed: str, kind: str, value: str):
    assert asked(typed) == Asked(kind, value)


def found(data: Path, typed: str, *options: str) -> list[tuple[int, str]]:
    done = CliRunner().invoke(app, ["find", "--data", str(data), "--json", *options], input=f"{typed}\n")
    assert done.exit_code == (0 if json.loads(done.stdout) else 1)
    return [(row["wave"], row["registration_id"]) for row in json.loads(done.stdout)]


@pytest.mark.parametrize("typed", [nik(1), "siti", "AMINAH", "+62 812 3456 7890"])
def test_a_person_is_found_in_every_wave(data: Path, typed: str):
    assert found(data, typed) == [(4, "B1"), (3, "A1")]
    assert found(data, typed, "--wave", "3") == [(3, "A1")]


def test_a_letters_code_finds_one_application_of_one_wave(data: Path):
    assert found(data, short_code(4, "B1")) == [(4, "B1")]
    assert short_code(4, "B1") != short_code(3, "B1")
    with duckdb.connect() as db:
        assert db.execute(f"SELECT {SQL.format(wave=4, id='$1')}", ["B1"]).fetchall() == [(short_code(4, "B1"),)]


@pytest.mark.parametrize("typed", ["%", "' OR 1=1 --", nik(77), "081299999999", "b2x"])
def test_who_is_not_there_is_a_named_error_that_says_nothing_of_what_was_typed(data: Path, typed: str):
    done = CliRunner().invoke(app, ["find", "--data", str(data)], input=f"{typed}\n")
    assert done.exit_code == 1
    assert typed not in str(done.exception)
    [look] = log.entries(Store.at(data), None, "looked_up")
    assert look.wave is None
    assert typed not in json.dumps(look.facts)


def test_who_looked_and_why_is_told(data: Path):
    found(data, "b2", "--why", "asked by phone")
    for typed in (nik(77), "siti"):
        found(data, typed, "--why", "a rumour", "--wave", "3")

    def told(*words: str) -> str:
        done = CliRunner().invoke(app, ["history", *words, "--language", "en", "--data", str(data)])
        assert done.exit_code == 0, (done.output, done.exception)
        return " ".join(done.output.replace("│", " ").split())

    every, third = told("--lookups"), told("3", "--lookups")
    assert "wave 4: The application B2 was looked up. asked by phone" in every
    assert "wave 3: The application A1 was looked up. a rumour" in every
    assert "The application – was looked up. a rumour" in third
    assert "A1" in third
    assert "B2" not in third
    assert "asked by phone" not in told("4")


def test_the_table_is_masked_and_cannot_drive_the_terminal_and_the_look_is_in_the_record(data: Path):
    done = CliRunner().invoke(app, ["find", "--data", str(data), "--why", "asked by phone"], input="b2\n")
    assert done.exit_code == 0, done.exception
    assert "B2" in done.output
    assert nik(2) not in done.output
    assert "SANTOSO" not in done.output.upper()
    [look] = log.entries(Store.at(data), 4, "looked_up")
    assert (look.facts["registration_id"], look.facts["why"]) == ("B2", "asked by phone")
    assert nik(2) not in json.dumps(look.facts)


@pytest.mark.parametrize("typed", ["", "  ", "\u00a0"])
def test_who_types_nothing_is_asked_for_something_and_sees_nobody(data: Path, typed: str):
    done = CliRunner().invoke(app, ["find", "--data", str(data)], input=f"{typed}\n")
    assert isinstance(done.exception, BadSettingError)
    assert "B1" not in done.output
    assert not log.entries(Store.at(data), None, "looked_up")


def test_a_list_that_was_cut_off_says_so(data: Path, monkeypatch: pytest.MonkeyPatch):
    asked_for = ["find", "--data", str(data), "--language", "en"]
    assert "first" not in CliRunner().invoke(app, asked_for, input="Siti\n").stderr
    monkeypatch.setattr("pipeline.inspection.person.LIMIT", 2)
    for output in ([], ["--json"]):
        assert "Only the first 2 are shown" in CliRunner().invoke(app, [*asked_for, *output], input="a\n").stderr
    monkeypatch.setattr("pipeline.inspection.person.LIMIT", 100)
    found = json.loads(CliRunner().invoke(app, [*asked_for, "--json"], input="a\n").stdout)
    monkeypatch.setattr("pipeline.inspection.person.LIMIT", len(found))  # as many as there are: nothing was cut off
    assert "first" not in CliRunner().invoke(app, asked_for, input="a\n").stderr


@pytest.mark.parametrize("language", ["id", "en"])
def test_id_and_code_are_never_cut_off_in_a_terminal_of_eighty_columns(data: Path, language: str):
    ids = {"B1": "0004-00000001"}
    path = data / "waves" / SECOND.key / "decisions.parquet"
    table = pq.read_table(path)
    longer = [ids.get(one, one) for one in table["registration_id"].to_pylist()]
    pq.write_table(table.set_column(0, table.schema.field(0), pa.array(longer)), path)
    narrow = {"FORCE_COLOR": "1", "TERM": "xterm", "COLUMNS": "80"}
    asked_for = ["find", "--data", str(data), "--wave", "4", "--language", language]
    told = CliRunner().invoke(app, asked_for, input="0004-00000001\n", env=narrow)
    assert told.exit_code == 0, told.output
    assert "0004-00000001" in told.output
    assert short_code(SECOND.number, "0004-00000001") in told.output
    assert "…" not in told.output


@pytest.mark.parametrize("command", ["find", "access", "erase"])
def test_what_is_typed_may_begin_with_a_byte_order_mark_and_must_be_text(data: Path, tmp_path: Path, command: str):
    words = {
        "find": ["find", "--json"],
        "access": ["access", str(tmp_path / "a.json"), "--asked-by", "x"],
        "erase": ["erase", "--asked-by", "x", "--why", "y", "--dry-run", "--json"],
    }[command]
    marked = CliRunner().invoke(app, [*words, "--data", str(data)], input=f"\ufeff{nik(1)}\n")
    assert marked.exit_code == 0, marked.exception
    assert "A1" in (tmp_path / "a.json").read_text() if command == "access" else '"wave": 3' in marked.stdout
    no_text = CliRunner().invoke(app, [*words, "--data", str(data)], input=b"\xff\xfe\n")
    assert isinstance(no_text.exception, BadSettingError)
    assert "UTF-8" in str(no_text.exception)


def test_access_tells_what_the_last_screening_decided(data: Path, tmp_path: Path):
    folder = data / "published/wave-0003/rev-1"
    row = {**dict.fromkeys(CHANGES.schema.names), "against": "run", "registration_id": "A1", "change": "removed"}
    write_table(COHORT.empty_table(), folder / "cohort.parquet", COHORT)
    gone = [{**row, "reasons": ["deceased"]}, {**row, "registration_id": "B2", "reasons": ["deceased"]}]
    write_table(pa.Table.from_pylist(gone, CHANGES.schema), folder / "changes.parquet", CHANGES.schema)
    command = ["access", str(tmp_path / "a.json"), "--asked-by", "herself", "--data", str(data)]
    assert CliRunner().invoke(app, command, input=f"{nik(1)}\n").exit_code == 0
    [third, _] = json.loads((tmp_path / "a.json").read_text())["waves"]
    assert [(one["registration_id"], one["reasons"]) for one in third["last_screening"]] == [("A1", ["deceased"])]


def test_access_writes_all_that_is_held_and_only_for_its_reader(data: Path, tmp_path: Path):
    found(data, nik(1))
    numbers = pa.table({"nik": pa.array([int(nik(1)), int(nik(2))]), "reason": ["a", "b"]})  # as some registers deliver
    delivered = data / "extracts" / "blacklist" / "asof=2021-12-31" / "part-000.parquet"
    delivered.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(numbers, delivered)
    out = tmp_path / "siti.json"
    command = ["access", str(out), "--asked-by", "herself, with her KTP", "--data", str(data)]
    done = CliRunner().invoke(app, command, input=f"{nik(1)}\n")
    assert done.exit_code == 0, (done.output, done.exception)
    held = json.loads(out.read_text())
    assert [one["wave"] for one in held["waves"]] == [3, 4]
    assert [one["applications"][0]["registration_id"] for one in held["waves"]] == ["A1", "B1"]
    assert all(one["decisions"] for one in held["waves"])
    assert held["registers"]["population"][0]["full_name"] == "SITI AMINAH"
    assert [row["reason"] for row in held["registers"]["blacklist"]] == ["a"]
    assert "B2" not in out.read_text()
    assert nik(2) not in out.read_text()
    assert {look["wave"] for look in held["looked_up"]} == {3, 4}
    again = CliRunner().invoke(app, command, input="Siti\n")
    assert again.exit_code == 1
    [look] = log.entries(Store.at(data), None, "looked_up")[-1:]
    assert look.facts["why"] == "access: herself, with her KTP"
