"""What others wrote stays text: in a spreadsheet, in a terminal, in a path, among delivered files."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.table import Table
from rich.text import Text
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.commands.common.console import say, say_json, wide_console
from pipeline.decision.photo_retries import list_retries
from pipeline.domain import contracts
from pipeline.domain.visible_text import visible, visible_json
from pipeline.inspection.run_difference import diff
from pipeline.reports.figures.funnel_steps import write_funnel
from pipeline.reports.messages.notices import write_notices
from pipeline.runtime.terminal import Terminal
from pipeline.selfie.decode import PhotoUnreadableError, read_below
from pipeline.storage import duckdb_sql, spreadsheet_safety
from pipeline.storage.files import read_table, write_table
from pipeline.storage.paths import Store
from tests.spec.world import World, kk, nik, wave
from tests.unit import wave_factory

ROOT = Path(__file__).resolve().parents[2]
FORMULA = '=HYPERLINK("https://evil.example")'
#: ESC that clears the screen, one that sets the title, C1's own CSI, bidi override, zero width, markup, emoji.
HOSTILE = "\x1b[2J\x1b]0;x\x07\x9b31m\u202egnp.exe\u200b[bold red]A[/bold red] :smile:"


def _cells(path: Path) -> list[str]:
    with path.open(encoding="utf-8", newline="") as f:
        return [cell for row in csv.reader(f) for cell in row]


def _rejected(root: Path, id_: str, reason: str = "blur") -> Store:
    """A finished wave with one application that may send a new photograph."""
    made = wave_factory.wave()
    store = wave_factory.make(root, made, n=3)
    table = read_table(store.work(made) / "out" / "decisions.parquet").slice(0, 1).to_pylist()
    table[0] |= {"registration_id": id_, "outcome": "rejected", "reasons": [reason], "retry": "photo"}
    schema = contracts.DECISIONS
    write_table(pa.Table.from_pylist(table, schema), store.out(made) / "decisions.parquet", schema)
    (store.out(made) / "manifest.json").write_text(
        '{"wave": 12, "rules": [], "extracts": {}, "inputs": [], "selfie_policy": null, "software": {}}'
    )
    return store


def test_the_list_of_retries_has_no_formula(tmp_path: Path) -> None:
    store = _rejected(tmp_path / "data", FORMULA)
    assert list_retries(store, wave_factory.wave(), tmp_path / "list.csv") == 1
    assert f"'{FORMULA}" in _cells(tmp_path / "list.csv")
    assert FORMULA not in _cells(tmp_path / "list.csv")


def test_a_difference_between_runs_has_no_formula(tmp_path: Path) -> None:
    made = wave_factory.wave()
    before, after = (_rejected(tmp_path / reason, FORMULA, reason).out(made) for reason in ("hat", "blur"))
    diff(before, after, tmp_path, tmp_path / "diff.csv")
    assert f"'{FORMULA}" in _cells(tmp_path / "diff.csv")
    assert FORMULA not in _cells(tmp_path / "diff.csv")


def test_every_table_that_is_written_as_csv_is_guarded_and_keeps_its_order(tmp_path: Path) -> None:
    """`second_places.csv` too: it is written by the same function."""
    with duckdb_sql.connect(tmp_path) as db:
        query = f"SELECT '{FORMULA}' || i AS a, i, NULL::VARCHAR AS \"b c\" FROM range(3000) t(i) ORDER BY i DESC"
        assert duckdb_sql.copy_csv(db, query, tmp_path / "x.csv") == 3000
    with (tmp_path / "x.csv").open(encoding="utf-8", newline="") as f:
        rows = list(csv.DictReader(f))
    assert [int(row["i"]) for row in rows] == list(range(2999, -1, -1))
    assert all(row["a"] == f"'{FORMULA}{row['i']}" and row["b c"] == "" for row in rows)


@settings(max_examples=30)
@given(st.text(st.sampled_from("=+-@\t\r\n'a "), max_size=4))
def test_the_guard_in_sql_is_the_guard_in_python(text: str) -> None:
    with duckdb.connect() as db:
        query = f"SELECT {spreadsheet_safety.SQL.format(name='a')} FROM (SELECT $1 AS a)"
        [(found,)] = db.execute(query, [text]).fetchall()
    assert found == spreadsheet_safety.plain(text)


def _printed(draw: Callable[[Terminal], None]) -> str:
    out = io.StringIO()
    draw(Terminal(file=out, width=400, force_terminal=True, color_system=None))
    return out.getvalue()


def _table(console: Terminal) -> None:
    table = Table(HOSTILE, title=HOSTILE)
    table.add_row(HOSTILE)
    table.add_row(Text(HOSTILE))
    console.print(table)


@pytest.mark.parametrize("draw", [lambda c: c.print(HOSTILE), lambda c: c.print(Text(HOSTILE), style="bold"), _table])
def test_data_does_not_drive_the_terminal(draw: Callable[[Terminal], None]) -> None:
    text = _printed(draw)
    for unseen in ("\x1b", "\x9b", "\x07", "\u202e", "\u200b"):
        assert unseen not in text.replace("\x1b[1m", "").replace("\x1b[0m", "").replace("\x1b[3m", "")
    assert "[bold red]A[/bold red] :smile:" in text
    assert "\\u{202E}gnp.exe" in text


@given(st.text(max_size=20))
def test_what_is_shown_can_be_seen_and_what_is_json_keeps_its_value(text: str) -> None:
    assert re.sub(r"\s", "", visible(text)).isprintable()
    shown = visible_json(json.dumps(text, ensure_ascii=False))
    assert json.loads(shown) == text
    assert visible(shown) == shown


def test_lines_and_json_of_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    say(HOSTILE)
    say_json({"name": HOSTILE})
    out = capsys.readouterr().out
    assert visible(out) == out
    assert isinstance(wide_console(), Terminal)


def test_every_command_writes_to_this_terminal_and_to_no_other() -> None:
    for path in [*(ROOT / "pipeline" / "commands").rglob("*.py"), ROOT / "pipeline" / "cli.py"]:
        text = path.read_text(encoding="utf-8")
        assert " Console(" not in text, path
        assert "json.dumps" not in text or path.name in ("console.py", "access_data.py"), path


def _hostile_root(root: Path) -> World:
    world = World(root)
    world.root.mkdir(parents=True)
    this = wave(12, seed="seed", quota=1)
    for n, name in ((1, f"SITI {HOSTILE}"), (2, "BUDI [red]SANTOSO")):
        world.apply(this, f"[bold]R{n}", world.person(nik(n), kk=kk(n), full_name=name), kk=kk(n), full_name=name)
    world.screen(this)
    world.decide(this, {})
    world.finish(this)
    return world


def test_find_and_explain_show_a_hostile_name_as_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "250")
    data = str(_hostile_root(tmp_path / "data").root)
    for arguments in (["find"], ["find", "--json"], ["explain", "12", "[bold]R1"]):
        done = CliRunner().invoke(app, [*arguments, "--data", data], input="[bold]R\n")
        assert done.exit_code == 0, done.output
        assert visible(done.stdout) == done.stdout
        assert "[bold]R1" in done.stdout


def test_a_data_root_whose_name_is_a_pattern_is_read_as_it_is_named(tmp_path: Path) -> None:
    """Beside it lies what the pattern would find."""
    for name in ("data", "d[ax]t*?"):
        _hostile_root(tmp_path / name)
    data, made = tmp_path / "d[ax]t*?", wave(12, seed="seed", quota=1)
    write_funnel(Store.at(data), made)
    write_notices(Store.at(data), made)
    assert read_table(Store.at(data).work(made) / "out" / "notices.parquet").num_rows == 2
    done = CliRunner().invoke(app, ["find", "--data", str(data), "--json"], input="[bold]R\n")
    assert len(json.loads(done.stdout)) == 2
    done = CliRunner().invoke(app, ["explain", "12", "[bold]R1", "--data", str(data)])
    assert done.exit_code == 0, done.output


def test_a_hard_link_among_the_selfies_is_refused_as_a_symlink_is(tmp_path: Path) -> None:
    selfies = tmp_path / "landing" / "wave-0012" / "selfies"
    selfies.mkdir(parents=True)
    secret = tmp_path / "secret.jpg"
    secret.write_bytes(b"somebody else's")
    os.link(secret, selfies / "hard.jpg")
    (selfies / "soft.jpg").symlink_to(secret)
    (selfies / "own.jpg").write_bytes(b"mine")
    for name in ("hard.jpg", "soft.jpg"):
        with pytest.raises(PhotoUnreadableError):
            read_below(selfies, name, 1000)
    assert read_below(selfies, "own.jpg", 1000) == b"mine"
    photos = tmp_path / "extracts" / "photos"  # a register's snapshots may share their files
    photos.mkdir(parents=True)
    os.link(secret, photos / "a.jpg")
    assert read_below(photos, "a.jpg", 1000) == b"somebody else's"


def test_the_password_of_make_up_is_its_users_alone(tmp_path: Path) -> None:
    """The script itself, with an `airflow` that writes the file as the real one does, after an old one lay there."""
    home, bin_ = tmp_path / "home", tmp_path / "bin"
    home.mkdir(mode=0o700)
    bin_.mkdir()
    old = home / "simple_auth_manager_passwords.json.generated"
    old.write_text("{}")
    old.chmod(0o644)
    fake = bin_ / "airflow"
    fake.write_text(f'#!/bin/sh\necho x > "{home}/new"\n')
    fake.chmod(0o755)
    env = {**os.environ, "AIRFLOW_HOME": str(home), "GELOMBANG_DATA": str(tmp_path / "data")}
    env["PATH"] = f"{bin_}:{env['PATH']}"
    subprocess.run([ROOT / "tools" / "airflow_up"], env=env, check=False, capture_output=True, timeout=60, umask=0o022)
    assert old.stat().st_mode & 0o777 == 0o600
    assert (home / "new").stat().st_mode & 0o777 == 0o600
