"""The recipes of docs/explanation/draw.md, taken from the page and run: a shell and ten lines are enough."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline.commands.cohort.audit import audit
from pipeline.commands.cohort.prove import prove
from pipeline.domain import errors
from tests.unit.test_audit import MODES, finished

PAGE = Path(__file__).resolve().parents[2] / "docs" / "explanation" / "draw.md"

CALENDAR = """
[[wave]]
number = 3
opens = 2020-04-27T00:00:00
closes = 2020-04-30T23:59:59
quota = 17
seed = "seed"
priority_share = 0.55
refill = true
"""


def recipe(language: str) -> str:
    """The page's block of code in this language."""
    found = re.search(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    return found[1]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("recipes") / "data"
    finished(root, **MODES[1])
    (root / "calendar.toml").write_text(CALENDAR)
    return root


@pytest.fixture
def folder(data: Path) -> Path:
    return data / "waves" / "wave-0003"


def test_the_shell_recipe_gives_positions_and_hashes(folder: Path):
    script = recipe("bash").replace("kartu-prakerja/gelombang-12", "seed")
    done = subprocess.run(["bash", "-e", "-c", script], cwd=folder, capture_output=True, text=True, check=True)
    record = json.loads((folder / "draw.json").read_text())
    assert done.stdout.split()[::2] == [record["list_sha256"], record["priority_sha256"]]
    drawn = [line.split() for line in (folder / "order.txt").read_text().splitlines()]
    (folder / "order.txt").unlink()
    rows = pq.read_table(folder / "decisions.parquet", partitioning=None).to_pylist()
    rows = sorted((row for row in rows if row["position"]), key=lambda row: row["position"])
    assert drawn == [[row["tier"], row["draw"], row["registration_id"]] for row in rows]


def verify(tmp_path: Path, proof: Path, registration_id: str, root: str) -> subprocess.CompletedProcess:
    script = tmp_path / "verify.py"
    script.write_text(recipe("python"), encoding="utf-8")
    return subprocess.run(
        [sys.executable, "-I", str(script), str(proof), registration_id, root],
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_verifier_has_ten_lines():
    assert len([line for line in recipe("python").splitlines() if line]) <= 10 + 2  # and two imports


def test_a_proof_is_verified_without_anything_of_ours(data: Path, folder: Path, tmp_path: Path):
    prove(3, "R07", data=str(data), out=tmp_path / "proof.json")
    root = json.loads((folder / "draw.json").read_text())["list_merkle_sha256"]
    assert verify(tmp_path, tmp_path / "proof.json", "R07", root).stdout == "on the list\n"
    text = (tmp_path / "proof.json").read_text()
    assert "R08" not in text
    stranger = verify(tmp_path, tmp_path / "proof.json", "R40", root)
    assert (stranger.returncode, stranger.stdout) == (1, "NOT on the list\n")
    assert verify(tmp_path, tmp_path / "proof.json", "R07", "00" * 32).returncode == 1


@pytest.mark.parametrize("registration_id", ["R40", "R99", ""])
def test_who_is_not_on_the_list_gets_no_proof(data: Path, registration_id: str):
    with pytest.raises(errors.UnknownApplicationError):
        prove(3, registration_id, data=str(data))


def test_the_audit_command_says_the_same_or_where(data: Path, folder: Path, capsys: pytest.CaptureFixture):
    audit(3, data=str(data), language="en")
    assert "The same: 39 on the list" in capsys.readouterr().out
    with pytest.raises(errors.AuditDiffersError):
        audit(3, data=str(data), seed="another", language="en")
    assert "seed is 'seed', announced was 'another'" in capsys.readouterr().out


def test_a_wave_that_never_ran_has_nothing_to_audit(tmp_path: Path):
    with pytest.raises(errors.WaveNotRunError):
        audit(1, data=str(tmp_path))
