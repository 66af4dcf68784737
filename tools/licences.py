"""Refuses a package whose licence was not read: ``python tools/licences.py LICENCES.json``.

Reads what ``pip-licenses`` wrote and ``tools/licences.toml``; names every package that is not covered and ends with 1.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

KNOWN = Path(__file__).with_suffix(".toml")
#: Words between several licences of a package. `OR` is treated like `AND`: each licence must be known.
JOINED = re.compile(r"; | AND | OR ")


def refused(packages: list[dict[str, str]], known: dict[str, Any]) -> list[str]:
    """``package version: licence`` of each that is not covered, and each entry of the list that covers no package."""
    free = {*known["free"], *known["of_single_files"]}
    named = {_name(one["Name"]) for one in packages}
    stale = [f"{name}: in {KNOWN.name}, and not installed" for name in known["packages"] if _name(name) not in named]
    read = {_name(name) for name in known["packages"]}
    return stale + [
        f"{one['Name']} {one['Version']}: {one['License']}"
        for one in packages
        if _name(one["Name"]) not in read and not (one["License"] in free or set(JOINED.split(one["License"])) <= free)
    ]


def _name(package: str) -> str:
    return re.sub(r"[-_.]+", "-", package).lower()


def main() -> int:
    """The exit code: 1 where a licence is refused."""
    packages = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    found = refused(packages, tomllib.loads(KNOWN.read_text(encoding="utf-8")))
    for line in found:
        print(line)
    if found:
        print("Read these licences; if they may be used, add them to tools/licences.toml.")
    return int(bool(found))


if __name__ == "__main__":
    raise SystemExit(main())
