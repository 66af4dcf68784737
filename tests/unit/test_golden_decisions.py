"""Decisions of a fixed wave are those that were recorded with the version; a change needs a version and an entry.

The recorded digests are in ``golden_decisions.json``. After a change of decisions that is meant: raise the version in
``pipeline/__init__.py``, say in ``CHANGELOG.md`` what changed, and run ``python -m tests.unit.test_golden_decisions``.
It refuses to record other decisions under a version that is released (its heading in the changelog has a date).
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from pipeline import __version__
from pipeline.selfie.policy import BUILT_IN, SelfiePolicy
from pipeline.selfie.recogniser import DEFAULT
from pipeline.storage.files import read_table
from tests.spec.world import World
from tests.unit.random_country import Country
from tests.unit.test_differential import earlier
from tests.unit.test_same_bytes import FAIL, WAVE

GOLDEN = Path(__file__).with_name("golden_decisions.json")
CHANGELOG = Path(__file__).resolve().parents[2] / "CHANGELOG.md"
HEADING = re.compile(r"^## (\S+) – (.+)$", re.MULTILINE)


def digests(root: Path) -> dict[str, str]:
    """What is decided: the rows of a wave without photographs, and the thresholds that photographs are judged by."""
    world = World(root)
    country = Country(world, WAVE, 5)
    country.populate(1_000)
    country.apply(1_000)
    earlier(world, sorted(country.accepted.items()))
    world.screen(WAVE)
    world.decide(WAVE, {a["registration_id"]: FAIL for a in world.applications[::4]})
    rows = read_table(world.work(WAVE) / "out" / "decisions.parquet").to_pylist()
    assert len({row["outcome"] for row in rows}) >= 3
    text = json.dumps(sorted(rows, key=lambda row: row["registration_id"]), default=str, sort_keys=True)
    return {
        "decisions": hashlib.sha256(text.encode()).hexdigest(),
        "selfie_policy": SelfiePolicy.load(BUILT_IN / f"{DEFAULT}.toml").digest(),
    }


def may_be_recorded(found: dict[str, str], recorded: dict[str, str], changelog: str) -> str | None:
    """Why these digests may not be recorded under this version; None: they may."""
    headings = dict(HEADING.findall(changelog))
    if __version__ not in headings:
        return f"CHANGELOG.md has no heading for {__version__}: say there what changed."
    if {"version": __version__, **found} == recorded:
        return None
    if recorded.get("version") == __version__ and headings[__version__] != "not released":
        return f"{__version__} is released ({headings[__version__]}): raise the version in pipeline/__init__.py."
    return None


def test_decisions_are_those_recorded_with_this_version(tmp_path: Path) -> None:
    recorded = json.loads(GOLDEN.read_text(encoding="utf-8"))
    assert {"version": __version__, **digests(tmp_path)} == recorded, __doc__


def test_the_version_has_an_entry_and_it_is_the_newest() -> None:
    assert HEADING.findall(CHANGELOG.read_text(encoding="utf-8"))[0][0] == __version__


@pytest.mark.parametrize(
    ("heading", "recorded", "refused"),
    [
        (f"## {__version__} – not released\n", __version__, None),
        (f"## {__version__} – 1 December 2026\n", __version__, "is released"),
        (f"## {__version__} – 1 December 2026\n", "0.0.1", None),
        ("## 0.0.1 – 1 December 2026\n", "0.0.1", "no heading"),
    ],
)
def test_other_decisions_need_another_version_and_an_entry(heading: str, recorded: str, refused: str | None) -> None:
    found = may_be_recorded({"decisions": "new"}, {"version": recorded, "decisions": "old"}, heading)
    assert (refused is None) == (found is None)
    assert refused is None or refused in str(found)


def main() -> None:
    """Records what is decided now, where that is allowed."""
    recorded = json.loads(GOLDEN.read_text(encoding="utf-8")) if GOLDEN.is_file() else {}
    with TemporaryDirectory() as folder:
        found = digests(Path(folder))
    if refused := may_be_recorded(found, recorded, CHANGELOG.read_text(encoding="utf-8")):
        sys.exit(refused)
    GOLDEN.write_text(json.dumps({"version": __version__, **found}, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
