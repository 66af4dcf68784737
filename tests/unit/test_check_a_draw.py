"""docs/how-to/check-a-draw.md as an outsider reads it: its blocks, taken from the page, run on a public folder alone.

The same folders, right and tampered, go through the page in tests/browser/test_verify.py: the three ways agree.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.effort import examples
from tests.public_folder import ROUNDS, Wave, write
from tests.tampered_folder import TAMPERED, WAVES, record, windows_lines

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "check-a-draw.md"
TOOLS = ("bash", "sha256sum", "awk", "sed", "sort", "cut", "tr", "tail", "uniq")


def recipe(language: str, begins: str = "") -> str:
    """The page's first block of code in this language that begins so."""
    found = re.findall(rf"```{language}\n({begins}.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return str(found[0])


def by_shell(folder: Path, tools: Path) -> tuple[bool, str]:
    """Whether the shell recipe finds everything the same, and what it says; it sees no tool but those it names."""
    done = subprocess.run(
        ["bash", "-c", recipe("bash"), "check.sh", str(folder)],
        cwd="/",
        env={"PATH": str(tools)},
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stdout + done.stderr
    return done.returncode == 0 and "the same: places" in said, said


def by_python(folder: Path) -> tuple[bool, str]:
    """Whether the lines of Python find everything the same, and what they say; they see the standard library alone."""
    command = [sys.executable, "-I", "-S", "-c", recipe("python", "import csv"), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of nothing but the programs that the page names."""
    folder = tmp_path_factory.mktemp("tools")
    for name in TOOLS:
        found = shutil.which(name)
        assert found
        (folder / name).symlink_to(found)
    return folder


@pytest.mark.parametrize("wave", WAVES.values(), ids=WAVES.keys())
def test_shell_and_python_find_a_right_folder_the_same(wave: Wave, tmp_path: Path, tools: Path) -> None:
    folder = write(tmp_path / "public", wave)
    for same, said in (by_shell(folder, tools), by_python(folder)):
        assert same, said


def test_lines_may_end_as_on_windows(tmp_path: Path, tools: Path) -> None:
    folder = write(tmp_path / "public", WAVES["refill"])
    windows_lines(folder)
    for same, said in (by_shell(folder, tools), by_python(folder)):
        assert same, said


#: A root is checked by the page and by Python; the shell says nothing of it.
SHELL_BLIND = {"another root"}


@pytest.mark.parametrize("name", TAMPERED)
def test_shell_and_python_find_what_was_tampered_with(name: str, tmp_path: Path, tools: Path) -> None:
    folder = write(tmp_path / "public", WAVES["after_draw"])
    tamper: Callable[[Path], None] = TAMPERED[name][0]
    tamper(folder)
    assert not by_python(folder)[0]
    same, said = by_shell(folder, tools)
    assert same == (name in SHELL_BLIND), said


waves = st.builds(
    Wave,
    n=st.integers(0, 120),
    listed=st.sampled_from([0, 0.1, 0.5, 1]),
    quota=st.integers(0, 130),
    priority_share=st.decimals(0, 1, places=2).map(lambda x: float(Decimal(x))),
    selfie=st.sampled_from(["after_draw", "before_draw", "off"]),
    refill=st.booleans(),
    failing=st.sampled_from([0, 0.2, 0.9]),
    beyond_kk=st.sampled_from([0, 0.2]),
    withdrawn=st.sampled_from([0, 0.3]),
    round=st.sampled_from(sorted(ROUNDS)),
    seed=st.integers(0, 2**32),
)


@examples(20)
@given(wave=waves)
def test_python_agrees_with_a_wave_that_was_played_by_hand(
    wave: Wave, tmp_path_factory: pytest.TempPathFactory
) -> None:
    same, said = by_python(write(tmp_path_factory.mktemp("random") / "public", wave))
    assert same, said


@examples(4)
@given(wave=waves)
def test_the_shell_agrees_with_a_wave_that_was_played_by_hand(
    wave: Wave, tools: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    same, said = by_shell(write(tmp_path_factory.mktemp("random") / "public", wave), tools)
    assert same, said


def by_beacon(folder: Path) -> tuple[int, str]:
    pytest.importorskip("drand_verify")  # it has no wheel for every Python
    command = [sys.executable, "-c", recipe("python", "import json, sys\nfrom drand_verify"), str(folder / "draw.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("number", ROUNDS)
def test_a_real_rounds_signature_is_the_beacons(number: int, tmp_path: Path) -> None:
    folder = write(tmp_path / "public", Wave(round=number))
    assert by_beacon(folder) == (0, "the beacon's signature\n")
    record(round=number + 1)(folder)
    assert by_beacon(folder) == (1, "NOT the beacon's signature of this round\n")
    record(round=number, randomness="00" * 32)(folder)
    assert by_beacon(folder) == (1, "NOT this signature's randomness\n")


def test_the_addresses_and_the_moment_of_a_round_are_those_of_the_page() -> None:
    how_to, code = (
        PAGE.read_text(encoding="utf-8"),
        PAGE.parents[2] / "pipeline" / "publication" / "public" / "check.js",
    )
    script = code.read_text(encoding="utf-8")
    assert "1692803367" in how_to
    assert "genesis: 1692803367, period: 3" in script
    assert "https://api.drand.sh/v2/beacons/quicknet/rounds/657413" in how_to
    assert "https://api.drand.sh/v2/beacons/quicknet/rounds/" in script


def test_every_block_is_one_that_is_tried_here() -> None:
    blocks = re.findall(r"^```(\w*)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert [language for language in blocks if language] == ["bash", "python", "text", "python"]
