"""What is known of a source face before anything is rendered from it: the defects that it shows, and whose it is.

Reads ``face_labels.toml`` (packaged faces, labelled by eye) and, of a folder of faces, ``groups.csv`` and
``lfw_groups.csv`` in it or next to it.
"""

from __future__ import annotations

import csv
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path


@dataclass(frozen=True)
class Facts:
    """``shows``: codes of defects, None where the photograph has no label; ``group`` and ``sex`` where known."""

    shows: tuple[str, ...] | None = None
    group: str | None = None
    sex: str | None = None


#: Nothing is known.
UNKNOWN = Facts()


@cache
def labels() -> dict[tuple[str, str, int], tuple[str, ...]]:
    """Package, file and number of a packaged face → the defects that it shows."""
    text = (files("pipeline.simulate.photos") / "face_labels.toml").read_text(encoding="utf-8")
    return {(f["package"], f["file"], f["number"]): tuple(f["shows"]) for f in tomllib.loads(text)["face"]}


@dataclass(frozen=True)
class Groups:
    """Groups of a folder's people: by file (a photograph of one person each), or by the number before ``_k.jpg``."""

    by_file: dict[str, Facts]
    by_person: dict[str, Facts]

    def of(self, path: Path, person: str) -> Facts:
        """What is known of a photograph; nothing where it is not listed."""
        return self.by_file.get(path.name) or self.by_person.get(person) or UNKNOWN


def groups(folder: Path) -> Groups:
    """What the tables in a folder, or next to it, say of its people; empty without them."""
    by_file: dict[str, Facts] = {}
    by_person: dict[str, Facts] = {}
    for row in _rows(folder, "lfw_groups.csv"):
        by_person[row["person"]] = Facts(group=row["group"])
    for row in _rows(folder, "groups.csv"):
        facts = Facts(group=row["group"], sex=row["sex"])
        if row["path"].startswith(f"{folder.name}/"):
            by_file[Path(row["path"]).name] = facts
        if row.get("lfw_person"):
            by_person[f"{int(row['lfw_person']):04d}"] = facts
    return Groups(by_file, by_person)


def _rows(folder: Path, name: str) -> list[dict[str, str]]:
    path = next((p for p in (folder / name, folder.parent / name) if p.is_file()), None)
    if path is None:
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
