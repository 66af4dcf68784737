"""`gelombang check`: a dry run that says what is wrong with a delivery, and leaves no trace."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from tests.unit.test_first_deliveries import NIK, SOUND, delivered
from tests.unit.test_ingest import GOOD, Landing

CALENDAR = """
[[wave]]
number = 1
opens = 2020-04-11T00:00:00
closes = 2020-04-16T16:00:00
quota = 10
seed = "s"
seed_source = "t"
selfie = "off"
"""


class Root(Landing):
    """A data root with sound extracts; nothing was delivered for the wave yet."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        (root / "calendar.toml").write_text(CALENDAR)
        for name in SOUND:
            self.extract(name)

    def extract(self, name: str, asof: str = "2020-04-10", **columns: list[object]) -> None:
        delivered(self.root / "extracts" / name / f"asof={asof}", name, {**SOUND[name], **columns})

    def check(self, *options: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, ["check", "1", "--data", str(self.root), "--language", "en", *options])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done.exit_code, done.stdout

    def json(self) -> tuple[int, dict[str, object]]:
        code, said = self.check("--json")
        return code, json.loads(said)

    def tree(self) -> dict[str, tuple[int, int]]:
        return {str(p): (p.stat().st_mtime_ns, p.stat().st_size) for p in sorted(self.root.rglob("*"))}


@pytest.fixture
def root(tmp_path: Path) -> Root:
    return Root(tmp_path / "data")


def rows(n: int) -> list[dict[str, str]]:
    return [{**GOOD, "registration_id": f"R{i}", "nik": NIK[i]} for i in range(n)]


def test_a_sound_delivery_ends_with_0_and_fits_a_terminal(root, tmp_path, monkeypatch):
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    root.csv(*rows(5), ["one", "field", "short"])
    root.csv(*rows(3), name="a-file-whose-name-is-" + "very-" * 8 + "long.csv", header=[n.upper() for n in GOOD])
    before = root.tree()
    code, said = root.check()
    assert root.tree() == before
    assert not list(temporary.iterdir())
    assert code == 0, said
    assert max(map(len, said.splitlines())) <= 80
    assert "wrong number of fields" in said.replace("\n", " ") or "wrong number" in said
    assert "2020-04-10" in said
    assert not [nik for nik in (*NIK, GOOD["full_name"], GOOD["email"]) if nik in said]


def test_the_name_of_a_file_is_no_markup(root):
    root.csv(*rows(5), name="[red]a.csv")
    code, said = root.check()
    assert code == 0, said
    assert "[red]a.csv" in said


def test_rows_and_problems_are_counted_file_by_file(root):
    root.csv(*rows(5), ["one", "field", "short"])
    root.csv({**GOOD, "registration_id": ""}, {**GOOD, "registration_id": "R0"}, name="b.csv")
    (root.folder / "c.csv").write_bytes(b"PK\x03\x04")
    (root.folder / "notes.txt").write_text("x")
    code, found = root.json()
    assert code == 1
    assert [(f["file"], f["read"], f["taken_in"], f["set_aside"], f["problems"]) for f in found["files"]] == [
        ("a.csv", 6, 4, 2, {"wrong number of fields": 1, "registration_id repeated": 1}),
        ("b.csv", 2, 0, 2, {"no registration_id": 1, "registration_id repeated": 1}),
        ("c.csv", 0, 0, 0, {}),
    ]
    [failure] = found["failures"]
    assert (failure["what"], failure["stops"]) == ("registrations/c.csv", False)
    assert failure["message"].startswith("UnreadableFileError: c.csv is a spreadsheet")
    assert "registrations/notes.txt" in [note["what"] for note in found["notes"]]


def test_findings_are_told_in_indonesian_and_json_keeps_its_codes(root):
    root.csv(*rows(5), ["one", "field", "short"])
    root.csv(["x"], header=["id"], name="b.csv")
    (root.folder / "notes.txt").write_text("x")
    root.extract("bansos", status=["aktif"] * len(NIK))
    shutil.rmtree(root.root / "extracts" / "education")
    code, said = root.check("--language", "id")
    assert code == 1
    told = " ".join(said.split())
    for text in (
        "jumlah kolom",
        "b.csv tidak memiliki kolom registration_id",
        "dengan pemisah koma (dicoba: koma, titik koma, tab, garis tegak)",
        "dalam keadaan ini gelombang berjalan tanpa berkas itu",
        "Berkas ini bukan CSV dan bukan Parquet",
        "MissingExtractError: Gelombang 1 memerlukan data education, dan data itu tidak ada.",
        "→ Serahkan sebagai DATA/extracts/",
        "seharusnya paling banyak",
        "Yang boleh: active, ended",
    ):
        assert text in told, text
    for english in ("must be", "Allowed", "Deliver", "There is", "cannot be", "Have it"):
        assert english not in told, english
    code, found = root.json()
    assert code == 1
    codes = {one["what"]: one["code"] for one in [*found["failures"], *found["notes"]]}
    assert codes["extracts/education"] == "MissingExtractError"
    assert codes["registrations/b.csv"] == "MissingColumnError"
    assert codes["registrations/notes.txt"] == "ignored_file"
    assert codes["bansos.unknown_status_share"] == "unknown_status_share"
    assert found == json.loads(root.check("--json", "--language", "id")[1])


@pytest.mark.parametrize(
    ("break_it", "what", "says"),
    [
        (lambda r: r.extract("bansos", status=["aktif"] * len(NIK)), "bansos.unknown_status_share", "active, ended"),
        (lambda r: r.extract("population", occupation=[None] * len(NIK)), "population.null_share_occupation", "empty"),
        (lambda r: shutil.rmtree(r.root / "extracts" / "education"), "extracts/education", "MissingExtractError"),
        (lambda r: r.extract("blacklist", "2020-05-01", nik=NIK), "extracts/blacklist", "ExtractTooNewError"),
        (lambda r: r.csv(["x"], header=["id"]), "registrations", "MissingColumnError: landing/"),
        (lambda r: r.csv(*rows(30), *rows(30)), "registrations", "DuplicateRegistrationError: 60 of 60 rows"),
        (lambda r: (r.folder / "a.csv").unlink(), "registrations", "EmptyWaveError"),
        (lambda r: _reviews(r).write_bytes(b"id\n1\n"), "reviews/r.csv", "MissingColumnError"),
    ],
    ids=["other words", "empty column", "no extract", "too new", "no column", "twice", "nothing yet", "reviews"],
)  # fmt: skip
def test_what_fails_is_named_with_what_to_do(root, break_it, what, says):
    root.csv(*rows(5))
    SOUND.setdefault("blacklist", {"nik": NIK, "reason": ["x"] * len(NIK), "since": [date(2020, 1, 1)] * len(NIK)})
    break_it(root)
    SOUND.pop("blacklist")
    before = root.tree()
    code, found = root.json()
    assert root.tree() == before
    assert code == 1
    failure = {one["what"]: one for one in found["failures"]}[what]
    assert says in failure["message"]
    assert failure["advice"]
    assert str(root.root) not in json.dumps(found)


def _reviews(root: Root) -> Path:
    path = root.root / "landing" / "wave-0001" / "reviews" / "r.csv"
    path.parent.mkdir(parents=True)
    return path


@pytest.mark.parametrize(
    ("area", "column", "found"),
    [
        ("", [None] * len(NIK), []),
        ("31", [None] * len(NIK), []),
        ("3171", ["3171"] * len(NIK), []),
        ("3171", [None] * len(NIK), ["population.null_share_regency_code"]),
    ],
)
def test_the_registers_regencies_are_judged_where_the_calendar_names_one(root, area, column, found):
    root.csv(*rows(5))
    if area:
        with (root.root / "calendar.toml").open("a") as calendar:
            calendar.write(f'[[wave.area]]\ncode = "{area}"\nshare = 0.5\n')
    root.extract("population", regency_code=column)
    _, said = root.json()
    assert [one["what"] for one in said["failures"]] == found


def test_the_extracts_are_those_that_the_wave_would_use(root):
    root.csv(*rows(5))
    root.extract("bansos", "2020-04-16")
    root.extract("bansos", "2020-04-17")
    _, found = root.json()
    told = {one["name"]: one for one in found["extracts"]}
    assert told["bansos"] == {
        "name": "bansos", "asof": "2020-04-16", "rows": 200, "previous_asof": "2020-04-10", "previous_rows": 200,
    }  # fmt: skip
    assert told["population"]["previous_asof"] is None


@pytest.mark.parametrize(("options", "code"), [(["99"], 1), (["x"], 2), (["1", "--language", "fr"], 2)])
def test_a_wave_or_a_language_that_is_not_there_is_an_error(root, options, code):
    done = CliRunner().invoke(app, ["check", *options, "--data", str(root.root)])
    assert done.exit_code == code


def test_a_parquet_extract_that_is_damaged_is_named(root):
    root.csv(*rows(5))
    folder = root.root / "extracts" / "bansos" / "asof=2020-04-10"
    pq.write_table(pa.table({"nik": NIK}), folder / "b.parquet")
    code, found = root.json()
    assert code == 1
    assert "MissingColumnError: The extract bansos has no column programme" in found["failures"][0]["message"]


def test_somebody_at_a_terminal_is_told_at_once_what_takes_so_long(root: Root):
    asked = ["check", "1", "--data", str(root.root), "--language", "en", "--json"]
    assert "being read" not in CliRunner().invoke(app, asked).stderr
    told = CliRunner().invoke(app, asked, env={"FORCE_COLOR": "1", "TERM": "xterm"})
    assert told.stderr.startswith("The files of wave 1 and the registers are being read")
    assert json.loads(told.stdout)["wave"] == 1
