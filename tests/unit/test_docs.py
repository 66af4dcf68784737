"""The documentation: generated pages are what the code says today, and the site builds without a broken link."""

from __future__ import annotations

import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from tools.reference.files_page import files_page

ROOT = Path(__file__).resolve().parents[2]
#: What a browser fetches by itself: not the links that a reader may follow.
FETCHED = re.compile(
    r"<(?:script|img|iframe|source)\b[^>]*\bsrc=[\"']?([^\"' >]+)|<link\b[^>]*\bhref=[\"']?([^\"' >]+)"
)


def build(config: Path, site: Path) -> subprocess.CompletedProcess[str]:
    """`mkdocs build` as `make docs` calls it, into a folder of its own."""
    command = [sys.executable, "-m", "mkdocs", "build", "--config-file", str(config), "--site-dir", str(site)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


def test_the_generated_reference_pages_are_current() -> None:
    command = [sys.executable, str(ROOT / "tools" / "reference_pages.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_table_of_the_files_page_is_written_again_and_the_text_around_it_stays() -> None:
    page = (ROOT / "docs" / "reference" / "files.md").read_text(encoding="utf-8")
    assert files_page("Ours.\n" + page.replace("Day of birth.", "Day of death.")) == "Ours.\n" + page
    with pytest.raises(KeyError, match="reviews"):
        files_page(page.replace("<!-- columns of IN reviews -->", ""))


@pytest.mark.parametrize(
    "page", sorted([*ROOT.glob("docs/how-to/*.md"), *ROOT.glob("docs/tutorial/*.md")]), ids=lambda page: page.stem
)
def test_a_page_that_begins_with_a_command_says_where_it_is_found(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    if re.search(r"^gelombang ", text, re.MULTILINE):
        assert "source .venv/bin/activate" in text


def files_of_commands() -> set[str]:
    """Files and folders that documented commands and the examples in help texts name where they are called."""
    recipes = ("check-a-draw.md", "draw.md")  # outsiders call them in a published folder
    pages = [path for path in [*ROOT.glob("docs/**/*.md"), ROOT / "README.md"] if path.name not in recipes]
    shown = [path.read_text(encoding="utf-8") for path in pages]
    blocks = [block for text in shown for block in re.findall(r"```bash\n(.*?)```", text, re.DOTALL)]
    lines = [line for block in blocks for line in block.splitlines()]
    for path in (ROOT / "pipeline" / "commands").rglob("*.py"):
        lines += re.findall(r"^ *(?:Example: )?(gelombang .*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    found: set[str] = set()
    for line in lines:
        words = re.findall(r"[^\s\"'()]+", line.partition(" #")[0])
        found |= {word for word in words if re.fullmatch(r"[\w-]+\.(csv|parquet|json|html|jpg|txt)|[\w-]+/", word)}
        found |= {given for option, given in pairwise(words) if option in ("--out", "--overlay")}
        found |= {words[-1]} if words[:2] == ["cp", "-r"] else set()
    return {name for name in found if not re.match(r"https?:", name)}


def test_git_sees_nothing_that_a_documented_command_writes_into_a_clone() -> None:
    found = files_of_commands()
    assert {"retries.csv", "what-if.html", "held.json", "messages.csv", "affected.csv", "before", "nik.txt"} <= found
    for name in sorted(found):
        asked = ["git", "check-ignore", "--quiet", "--no-index", f"{name.rstrip('/')}/x" if "." not in name else name]
        assert subprocess.run(asked, cwd=ROOT, check=False).returncode == 0, name


def test_the_site_builds_and_fetches_nothing_from_elsewhere(tmp_path: Path) -> None:
    done = build(ROOT / "mkdocs.yml", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    pages = {
        path.relative_to(tmp_path).as_posix(): path.read_text(encoding="utf-8") for path in tmp_path.rglob("*.html")
    }
    assert len(pages) >= len(list((ROOT / "docs").glob("*/*.md")))
    addresses = [(name, script or link) for name, text in pages.items() for script, link in FETCHED.findall(text)]
    assert len(addresses) > len(pages)
    assert [pair for pair in addresses if re.match(r"(?:[a-z]+:)?//", pair[1])] == []
    styles = "".join(path.read_text(encoding="utf-8") for path in tmp_path.rglob("*.css"))
    assert re.findall(r"url\([\"']?(?:https?:)?//[^)]*\)|@import", styles) == []
    assert (tmp_path / "source" / "pipeline" / "screening" / "rules.toml").is_file()


@pytest.mark.parametrize(
    "broken", ["[gone](how-to/gone.md)", "[gone](reference/rules.md#gone)", "[gone](../pipeline/gone.toml)"]
)
def test_a_broken_link_fails_the_build(tmp_path: Path, broken: str) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "README.md").write_text(f"# Page\n\n{broken}\n", encoding="utf-8")
    (docs / "reference").mkdir()
    (docs / "reference" / "rules.md").write_text("# Rules\n\n## kept\n", encoding="utf-8")
    config = tmp_path / "mkdocs.yml"
    hook = ROOT / "tools" / "docs_sources.py"
    config.write_text(
        f"INHERIT: {ROOT / 'mkdocs.yml'}\ndocs_dir: {docs}\nhooks: [{hook}]\nnav: [README.md, reference/rules.md]\n"
    )
    done = build(config, tmp_path / "site")
    assert done.returncode != 0
    assert "gone" in done.stderr
