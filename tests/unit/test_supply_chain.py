"""Nothing is installed whose bytes nobody has seen, and nothing under a licence that nobody has read."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from tools.licences import KNOWN, refused

ROOT = Path(__file__).resolve().parents[2]
LOCKS = sorted(ROOT.glob("requirements*.lock"))
PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)")
HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def packages(lock: Path) -> dict[tuple[str, str], set[str]]:
    """The hashes of every package and version of a lock file; a line that is something else is an error."""
    found: dict[tuple[str, str], set[str]] = {}
    text = re.sub(r" +#.*$|^#.*$", "", lock.read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    for line in filter(None, map(str.strip, text.splitlines())):
        pinned = PINNED.match(line)
        assert pinned, line
        found[re.sub(r"[-_.]+", "-", pinned[1]).lower(), pinned[2]] = set(HASH.findall(line))
    return found


def test_every_lock_file_is_known() -> None:
    expected = ["requirements-build", "requirements-faces", "requirements-image", "requirements-uv", "requirements"]
    assert [lock.stem for lock in LOCKS] == expected


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_package_is_one_version_with_its_hashes(lock: Path) -> None:
    found = packages(lock)
    assert found
    assert [package for package, hashes in found.items() if not hashes] == []


@pytest.mark.parametrize("name", ["build", "image"])
def test_what_builds_and_what_the_image_has_are_the_versions_that_are_tested(name: str) -> None:
    """`make lock` after every change of requirements.lock; the rest are what that file has under no version."""
    tested, derived = packages(ROOT / "requirements.lock"), packages(ROOT / f"requirements-{name}.lock")
    known = {package for package, _ in tested}
    assert {one for one in derived if one[0] in known} <= tested.keys()
    assert all(tested[one] <= hashes for one, hashes in derived.items() if one in tested)


def test_the_build_back_end_is_pinned() -> None:
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    built = {package for package, _ in packages(ROOT / "requirements-build.lock")}
    assert {re.split(r"[<>=~! ]", one)[0] for one in asked} <= built
    assert "editables" in built  # what hatchling asks for when it builds an editable package


@pytest.mark.parametrize("name", ["Makefile", "Dockerfile"])
def test_whatever_installs_asks_for_hashes_or_installs_this_checkout(name: str) -> None:
    text = (ROOT / name).read_text().replace("\\\n", " ")
    installs = [line for line in text.splitlines() if re.search(r"\bpip (install|sync)\b", line)]
    assert installs
    for line in installs:
        ours = re.search(r" (--editable \.|/dist/\*\.whl)( |$)", line)
        own = "--no-deps" in line and "--no-build-isolation" in line and ours
        assert "--require-hashes" in line or own, line


def test_what_runs_on_the_forge_is_pinned_by_commit() -> None:
    used = re.findall(r"uses: (\S+)", "".join(path.read_text() for path in (ROOT / ".github").rglob("*.yml")))
    assert used
    assert [one for one in used if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", one)] == []


def package(licence: str, name: str = "new") -> list[dict[str, str]]:
    return [{"Name": name, "Version": "1.0", "License": licence}]


@pytest.mark.parametrize(
    ("licence", "free"),
    [
        ("MIT", True),
        ("ISC License (ISCL)", True),
        ("MIT AND PSF-2.0", True),
        ("Apache Software License; MIT License", True),
        ("MPL-2.0 AND MIT", True),
        ("UNKNOWN", False),
        ("", False),
        ("MIT AND SSPL-1.0", False),
        ("MIT OR GPL-3.0", False),
        ("GNU Affero General Public License v3", False),
    ],
)
def test_a_licence_that_nobody_has_read_is_named(licence: str, free: bool) -> None:
    known = {**tomllib.loads(KNOWN.read_text()), "packages": {}}
    assert refused(package(licence), known) == ([] if free else [f"new 1.0: {licence}"])


def test_a_package_that_was_read_is_let_through_by_name_and_a_stale_entry_is_named() -> None:
    known = {"free": [], "of_single_files": [], "packages": {"Some_Package": "MIT: its licence file", "gone": "MIT"}}
    assert refused(package("UNKNOWN", "some-package"), known) == ["gone: in licences.toml, and not installed"]
