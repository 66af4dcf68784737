"""`gelombang review` before it serves anything: what it refuses, and when there is nothing to do."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.domain.errors import BadSettingError, WaveNotRunError
from pipeline.domain.settings import settings
from pipeline.review.reviewers import Reviewers
from pipeline.storage.files import read_table, write_table
from tests.unit import review_factory

pytestmark = pytest.mark.usefixtures("own_reviewers")


def review(*arguments: str, data: Path, wave: tuple[str, ...] = ("12",)):
    return CliRunner().invoke(app, ["review", *wave, "--data", str(data), "--language", "en", *arguments])


def test_a_wave_must_be_named(tmp_path: Path):
    assert review(data=tmp_path, wave=()).exit_code == 2


def test_nobody_says_who_they_are_in_words(tmp_path: Path):
    assert review("--reviewer", "Ani", data=tmp_path).exit_code == 2


def test_a_reviewer_gets_a_token_and_is_taken_off_the_list(tmp_path: Path):
    given = review("--add-reviewer", "Cici", data=tmp_path, wave=())
    token = given.output.split()[-1]
    assert (given.exit_code, Reviewers(tmp_path).named(token)) == (0, "Cici")
    again = review("--add-reviewer", "Сici", data=tmp_path, wave=())  # with a Cyrillic letter
    assert isinstance(again.exception, BadSettingError)
    assert "off the list" in review("--remove-reviewer", "cici", data=tmp_path, wave=()).output
    assert Reviewers(tmp_path).named(token) is None
    assert "was not on the list" in review("--remove-reviewer", "cici", data=tmp_path, wave=()).output


def test_the_list_never_lies_below_the_data_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GELOMBANG_SECRETS", str(tmp_path / "secrets"))
    settings.cache_clear()
    refused = review("--add-reviewer", "Ani", data=tmp_path, wave=())
    monkeypatch.undo()
    settings.cache_clear()
    assert isinstance(refused.exception, BadSettingError)
    assert "below the data root" in str(refused.exception)


def test_a_wave_that_has_not_run_is_named(tmp_path: Path):
    assert isinstance(review(data=tmp_path).exception, WaveNotRunError)


def test_with_nobody_under_review_it_ends(tmp_path: Path):
    store, wave = review_factory.make(tmp_path)
    rows = read_table(store.out(wave) / "review.parquet")
    write_table(rows.slice(0, 0), store.out(wave) / "review.parquet", rows.schema)
    done = review(data=tmp_path)
    assert (done.exit_code, done.output) == (0, "Nobody of wave 12 is under review.\n")


@pytest.mark.parametrize("host", ["127.0.0.1", "no.such.host.invalid"])
def test_an_address_that_cannot_be_had_is_named(tmp_path: Path, host: str):
    review_factory.make(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = review("--host", host, "--port", port, data=tmp_path)
    assert isinstance(done.exception, BadSettingError)


@pytest.mark.parametrize(("host", "warned"), [("127.0.0.1", False), ("0.0.0.0", True)])
def test_it_says_where_it_is_and_warns_of_an_open_network(tmp_path: Path, host: str, warned: bool):
    review_factory.make(tmp_path)
    program = str(Path(sys.executable).with_name("gelombang"))
    command = [program, "review", "12", "--data", str(tmp_path), "--host", host, "--language", "en"]
    # a runner that is in the background itself may ignore Ctrl+C, and what it starts would too
    heard = lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)  # noqa: E731
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, preexec_fn=heard) as process:
        assert process.stdout is not None
        said = ""
        while "Ctrl+C" not in said:
            said += process.stdout.readline()
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=60)
        assert process.returncode == 0
    assert f"http://{host}:" in said
    assert ("encrypted tunnel" in said) == warned
    assert "gelombang run 12" in rest
