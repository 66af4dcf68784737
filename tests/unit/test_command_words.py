"""What the commands say is in catalogues, in both languages, and each entry of them is said by somebody."""

from __future__ import annotations

import ast
import json
import pickle
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.domain import errors, said
from pipeline.ingest.csv_reader import SEPARATORS
from pipeline.record import history
from pipeline.record.finding import catalogue, finding
from pipeline.reports.language import numbers
from pipeline.reports.language.labels import LANGUAGES
from pipeline.storage import wave_lock
from pipeline.storage.paths import Store
from tests.unit.test_report_words import placeholders

PACKAGE = Path(history.__file__).parents[1]
#: What writes to the terminal.
SAYING = ("say", "print", "echo", "confirm")
#: Who finds something in an audit.
FINDERS = ("record/verification.py", "inspection/integrity.py", "inspection/redraw.py", "inspection/beacon_checks.py")


def test_no_command_has_words_of_its_own_in_two_languages() -> None:
    sources = {path: path.read_text(encoding="utf-8") for path in (PACKAGE / "commands").rglob("*.py")}
    assert [path for path, text in sources.items() if re.search(r"[\"']id[\"']: *[(\"'{]", text)] == []


def test_no_command_says_a_sentence_of_its_own() -> None:
    """Whatever is said stands in a catalogue, in both languages."""
    found = []
    for path in (PACKAGE / "commands").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and (getattr(node.func, "id", "") or getattr(node.func, "attr", "")) in SAYING
            ):
                texts = [one.value for arg in node.args for one in ast.walk(arg) if isinstance(one, ast.Constant)]
                found += [(path.name, text) for text in texts if re.search(r"[A-Za-z]{2,}[ ,;]+[a-z]{2,}", str(text))]
    assert found == []


SAID = [(part, name) for part, entries in said.catalogue().items() for name in entries]


@pytest.mark.parametrize(("part", "name"), SAID)
def test_what_is_said_of_a_delivery_is_there_in_both_languages_with_the_same_values(part: str, name: str) -> None:
    texts = said.catalogue()[part][name]
    if part == "advice":
        kind = getattr(errors, name)
        assert said.in_language(said.advice_for(name, kind.advice), "en") == kind.advice
        assert said.in_language(said.advice_for(name, kind.advice), "id") == texts["id"] != kind.advice
        return
    assert set(texts) == set(LANGUAGES) == set(said.LANGUAGES)
    assert placeholders(texts["id"]) == placeholders(texts["en"])


def test_whatever_can_be_said_is_said_by_somebody_and_nothing_else_is() -> None:
    folders = PACKAGE, PACKAGE.parent / "checks"
    sources = {path: path.read_text(encoding="utf-8") for folder in folders for path in folder.rglob("*.py")}
    named = {name for source in sources.values() for name in re.findall(r"\bsaid\(\s*\"(\w+)\"", source)}
    assert named | set(SEPARATORS.values()) == set(said.catalogue()["message"])
    kinds = (
        "EmptyWave|DuplicateRegistration|MissingExtract|ExtractTooNew|MissingColumn|WrongType|UnreadableFile|FileLimit"
    )
    in_words = re.compile(rf"raise (?:{kinds})Error\((?!said\()")
    assert [path for path, source in sources.items() if path.parent.name == "ingest" and in_words.search(source)] == []


def test_a_text_in_two_languages_is_a_text() -> None:
    made = said.said("beyond_limit", path="a.csv", what=said.said("more_rows", n=1500))
    assert made == "a.csv is beyond a limit: more than 1,500 rows."
    assert said.in_language(made, "id") == "a.csv melampaui batas: lebih dari 1.500 baris."
    again = pickle.loads(pickle.dumps(errors.FileLimitError(made, made)))
    assert (again.message.texts, again.advice.texts) == (made.texts, made.texts)
    assert json.loads(json.dumps({"a": made})) == {"a": str(made)}
    for language in LANGUAGES:
        assert said.integer(-1234567, language) == numbers.integer(-1234567, language)


def test_a_message_that_ends_with_a_library_s_sentence_has_one_full_stop() -> None:
    made = said.said("not_parquet", path="a", why=ValueError("Not a parquet file."))
    for text in (*made.texts.values(), errors.StoreError("It cannot be read: No such key..").message):
        assert text.endswith(".")
        assert not text.endswith("..")
    assert errors.FileLimitError(made).message is made
    assert errors.StoreError("It goes on ...").message == "It goes on ..."


@pytest.mark.parametrize("name", catalogue())
def test_a_finding_is_there_in_both_languages_with_the_same_values(name: str) -> None:
    texts = catalogue()[name]
    assert set(texts) == set(LANGUAGES)
    assert texts["id"] != texts["en"]
    assert placeholders(texts["id"]) == placeholders(texts["en"])
    values = dict.fromkeys(placeholders(texts["id"]), "x")
    assert finding(name, **values).says("id") != str(finding(name, **values))


def test_every_finding_is_found_by_somebody_and_none_is_unknown() -> None:
    sources = [(PACKAGE / name).read_text(encoding="utf-8") for name in FINDERS]
    named = {name for source in sources for name in names_in(source)}
    assert len(named) > 30
    assert named - set(catalogue()) == set()
    named |= {f"{name}{here}" for name in ("cut_off", "anew") for here in ("", "_here")}
    quoted = set(re.findall(r"\"(\w+)\"", "".join(sources)))  # committed, frozen, missing and altered are handed on
    assert set(catalogue()) - named - quoted == set()


def names_in(source: str) -> Iterator[str]:
    """The findings that a module names where it makes them."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            place = {"finding": 0, "difference": 1, "add": 1}.get(called)
            given = node.args[place] if place is not None and place < len(node.args) else None
            if isinstance(given, ast.Constant):
                yield str(given.value)


def test_the_record_s_headings_are_there_in_both_languages() -> None:
    number, *_ = history.columns("id")
    assert number == "no."
    assert history.columns("id")[1:] == ["waktu (WIB)", "oleh", "yang terjadi"]
    assert len(history.columns("en")) == len(history.columns("id")) == 4


@pytest.mark.parametrize(
    ("language", "told"), [("id", "Tidak ada yang memegang gelombang 3."), ("en", "Nobody holds wave 3.")]
)
def test_a_command_that_changes_something_speaks_the_language_that_is_asked_for(
    language: str, told: str, tmp_path: Path
) -> None:
    said = CliRunner().invoke(app, ["unlock", "3", "--data", str(tmp_path), "--language", language])
    assert (said.exit_code, said.output.strip()) == (0, told), said.output


def test_unlock_says_that_the_run_which_it_takes_the_wave_from_is_still_alive(tmp_path: Path) -> None:
    store = Store.at(tmp_path)
    for holder, lives in (
        (wave_lock.Holder.this_process("gelombang run, process 1"), True),
        (wave_lock.Holder("gelombang run, process 1", host="elsewhere", process=1, begun=0.0), False),
        (wave_lock.Holder("manual__1"), False),
    ):
        wave_lock.take(store, store.calendar().wave(3), holder)
        said = CliRunner().invoke(app, ["unlock", "3", "--data", str(tmp_path), "--language", "en"])
        assert said.exit_code == 0, said.output
        assert ("still alive" in said.output) is lives
        assert ("stops at its next task" in said.output) is lives


@pytest.mark.parametrize(("language", "head"), [("id", "gelombang ┃ dibuka"), ("en", "wave ┃ opens")])
def test_waves_speaks_the_language_that_is_asked_for(language: str, head: str, tmp_path: Path) -> None:
    said = CliRunner().invoke(app, ["waves", "--data", str(tmp_path), "--language", language])
    assert said.exit_code == 0, said.output
    assert re.sub(r" +", " ", head) in re.sub(r" +", " ", said.output)
    quota = {"id": "224.615", "en": "224,615"}  # of wave 3, from the project's own calendar
    assert quota[language] in said.output
