"""The public page as a file: the same bytes each time, nothing from elsewhere, every word there in both languages."""

from __future__ import annotations

import re
import tomllib
from importlib.resources import files
from pathlib import Path

from pipeline.publication.public_page import NAME, SCRIPTS, public_page, write_public_page

PARTS = files("pipeline.publication") / "public"


def words() -> dict[str, dict[str, str]]:
    tables = tomllib.loads((PARTS / "words.toml").read_text(encoding="utf-8"))
    return {f"{section}.{key}": text for section, table in tables.items() for key, text in table.items()}


def test_it_is_one_file_of_the_same_bytes(tmp_path: Path) -> None:
    first, second = write_public_page(tmp_path / "one"), write_public_page(tmp_path / "two")
    assert first.name == NAME == "verify.html"
    assert first.read_bytes() == second.read_bytes()
    assert [path.name for path in first.parent.iterdir()] == [NAME]


def test_nothing_is_fetched_and_nothing_but_its_own_code_may_run() -> None:
    page = public_page()
    assert re.findall(r"<(?:script|img|iframe|link|source)\b[^>]*\b(?:src|href)=", page) == []
    assert re.findall(r"url\(|@import|\bimport\(", page) == []
    [policy] = re.findall(r'Content-Security-Policy" content="([^"]+)"', page)
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy
    assert "http" not in policy


def test_every_word_is_there_in_both_languages_with_the_same_values() -> None:
    for key, text in words().items():
        assert set(text) == {"id", "en"}, key
        assert sorted(re.findall(r"\{(\w+)\}", text["id"])) == sorted(re.findall(r"\{(\w+)\}", text["en"])), key


def test_every_word_that_is_asked_for_is_there_and_none_is_left_over() -> None:
    known = words()
    code = "".join((PARTS / name).read_text(encoding="utf-8") for name in [*SCRIPTS, "verify.html.j2"])
    used = {key for key in re.findall(r"[\"'](\w+\.\w+)[\"']", code) if key.split(".")[0] not in ("commitment", "draw")}
    used -= {"withdrawn.txt", "eligible.txt", "priority.txt", "outcomes.csv", "verify.html", "page.js", "check.js"}
    used |= {f"found.{key}" for key in re.findall(r"differs\(\"(\w+)\"", code)}
    used |= {f"check.{key}" for key in re.findall(r"new Check\(\"(\w+)\"", code)}
    used |= {f"progress.{key}" for key in re.findall(r"(?:progress\(|stage: )\"(\w+)\"", code)}
    used |= {f"cannot.{key}" for key in ("people", "judged", "page")}  # made of two pieces in page.js, as these:
    used |= {f"found.{key}" for key in ("rank", "noPlace", "passedOver", "rankWithout")}
    used |= {key for key in known if key.split(".")[0] in ("outcome", "state")}
    assert used == set(known)
