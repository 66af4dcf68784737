"""Every command of the table: its help, its example, its language and JSON where it reads, how it ends, completion."""

from __future__ import annotations

import inspect
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import get_args

import click
import pytest
import typer
from typer.testing import CliRunner

from pipeline import cli
from pipeline.domain import errors

COMMANDS: dict[str, click.Command] = typer.main.get_command(cli.app).commands  # type: ignore[attr-defined]
#: What only changes something, or writes a file of a form of its own: no table is told in a language.
WRITES = {
    "simulate": "writes a data root",
    "run": "runs a wave; what it ends with is `funnel`",
    "publish": "publishes",
    "unlock": "frees a wave",
    "open": "opens a wave",
    "review": "serves a page, which has its own language",
    "retries": "writes a CSV",
    "calibrate": "writes a policy and a report",
    "verify-photos": "writes Parquet",
    "compare-all": "writes Parquet",
    "access": "writes JSON",
    "unseal": "writes a plain copy",
    "prove": "tells JSON",
    "import": "writes an extract",
    "erase": "deletes",
    "object": "takes an objection in",
}


def options(command: click.Command) -> set[str]:
    return {name for parameter in command.params for name in parameter.opts}


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - set(WRITES)))
def test_a_command_that_reads_speaks_both_languages_and_json(name):
    assert {"--language", "--json"} <= options(COMMANDS[name])


#: What has no words of its own to say: JSON, a path, a bar, or a table for whoever maintains a recogniser.
SILENT = {"prove", "unseal", "verify-photos", "calibrate"}


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - SILENT))
def test_a_command_that_tells_people_something_speaks_both_languages(name):
    assert "--language" in options(COMMANDS[name])


def examples(command: click.Command) -> list[str]:
    text = inspect.cleandoc(command.callback.__doc__ or "") if command.callback else ""
    lines = [line.strip().removeprefix("Example:").removeprefix("Examples:").strip() for line in text.splitlines()]
    return [line for line in lines if line.startswith("gelombang ")]


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_an_example_that_it_takes(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for file in ("pairs.csv", "photos.csv", "labelled.csv", "siswa.toml", "photo.jpg"):
        Path(file).write_text("")
    sealed = Path("data/waves/wave-0012/notices.csv")
    sealed.parent.mkdir(parents=True)
    sealed.write_text("")
    Path("folder").mkdir()
    found = examples(COMMANDS[name])
    assert found, f"the help of `gelombang {name}` has no example"
    for line in found:
        _, command, *arguments = shlex.split(line.split(" < ")[0])
        assert command == name
        COMMANDS[name].make_context(name, arguments)  # a wrong option or argument is a UsageError


def test_the_help_shows_the_commands_by_what_they_are_for_and_a_waves_own_first():
    panels = {name: str(getattr(command, "rich_help_panel", None)) for name, command in COMMANDS.items()}
    assert "None" not in panels.values()
    assert next(iter(panels.values())) == panels["run"] == panels["status"] == panels["publish"]
    assert max(list(panels.values()).count(panel) for panel in panels.values()) <= 9
    assert panels["find"] == panels["explain"] == panels["object"]


@pytest.mark.parametrize("asked", ["-h", "--help"])
@pytest.mark.parametrize("name", [None, *sorted(COMMANDS)])
def test_both_options_show_the_help(name, asked):
    done = CliRunner().invoke(cli.app, [*([name] if name else []), asked])
    assert done.exit_code == 0
    assert "Usage" in done.output


def test_the_help_says_how_commands_end():
    told = " ".join(CliRunner().invoke(cli.app, ["-h"], env={"COLUMNS": "200"}).output.split())
    assert "ends with 0 when it is done, 1 after a named error or where it found a difference, 2 after wrong" in told


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["waves"], 0),
        (["funnel", "12"], 1),  # never run: WaveNotRunError
        (["funnel", "--no-such-option"], 2),
        (["funnel"], 2),
        (["funnel", "twelve"], 2),
    ],
)
def test_a_command_ends_as_documented(arguments, code, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["gelombang", *arguments, *(["--data", str(tmp_path)] if code < 2 else [])])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == code


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "zwölf"], "zwölf is no number of a wave"),
        (["history", "0"], "`gelombang waves` lists them"),
        (["review", "1x"], "1x is no number of a wave"),
        (["import", "bansos", "a.csv", "--asof", "2020-04-31"], "2020-04-31 is no day of the calendar"),
        (["waves", "--language", "de"], "There is no language de. Choose id or en."),
    ],
)
def test_wrong_usage_is_told_in_our_own_words(arguments: list[str], said: str):
    told = CliRunner().invoke(cli.app, arguments, env={"COLUMNS": "200"})
    assert (told.exit_code, said in told.output) == (2, True), told.output


def test_every_number_is_refused_in_our_own_words():
    found = [
        (name, parameter.opts[0])
        for name, command in COMMANDS.items()
        for parameter in command.params
        if parameter.param_type_name == "option" and takes_numbers(parameter)
    ]
    assert len(found) > 15
    for name, option in found:
        told = CliRunner().invoke(cli.app, [name, option, "20.OOO"], env={"COLUMNS": "200"})
        assert (told.exit_code, "20.OOO is no" in told.output) == (2, True), told.output


def takes_numbers(parameter: click.Parameter) -> bool:
    annotation = getattr(parameter, "type_descriptor").annotation  # noqa: B009 - typer's own, unknown to click's types
    return bool({int, float} & {annotation, *get_args(annotation)})


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "12", "--shards", "2000"], "2000 is no whole number from 1 to 1024."),
        (["run", "12", "--quota", "20,000"], "20,000 is no whole number. Write it in digits alone, like 20000."),
        (["simulate", "x", "--population", "5"], "5 is no whole number from 100."),
        (["calibrate", __file__, "--fmr", "0"], "0 is no number from 1e-06 to 0.5."),
        (["calibrate", __file__, "--fmr", "nan"], "nan is no number from"),
        (["find", "--wave", "0"], "0 is no number of a wave"),
    ],
)
def test_a_number_beyond_its_bounds_is_refused_with_them(arguments: list[str], said: str):
    told = CliRunner().invoke(cli.app, arguments, env={"COLUMNS": "200"})
    assert (told.exit_code, said in told.output) == (2, True), told.output


def test_every_named_error_ends_with_one():
    kinds = [k for k in vars(errors).values() if inspect.isclass(k) and issubclass(k, errors.GelombangError)]
    assert {kind.exit_code for kind in kinds} == {1}


def test_a_shell_completes_commands():
    program = str(Path(sys.executable).with_name("gelombang"))
    wanted = {"_GELOMBANG_COMPLETE": "complete_bash", "COMP_WORDS": "gelombang ver", "COMP_CWORD": "1"}
    done = subprocess.run([program], env={**os.environ, **wanted}, capture_output=True, text=True, check=False)
    assert "verify-photos" in done.stdout
