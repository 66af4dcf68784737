"""Right public folders of every kind, and every way in which one is made wrong: for the page and the recipes alike."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from tests.public_folder import ROUNDS, Wave, write, write_json

WAVES = {
    "after_draw": Wave(),
    "refill": Wave(refill=True, seed=2),
    "before_draw": Wave(selfie="before_draw", quota=25, seed=3),
    "off": Wave(selfie="off", quota=30, seed=4),
    "few listed": Wave(listed=0.05, refill=True, priority_share=1, seed=5),
    "few in public": Wave(listed=0.95, quota=40, priority_share=0.29, seed=6),
    "more places than people": Wave(quota=500, refill=True, seed=7),
    "one person": Wave(n=1, quota=1, seed=8, beyond_kk=0),
    "nobody": Wave(n=0, quota=5, seed=9),
    "no places": Wave(quota=0, seed=10),
}


def swap_ranks(folder: Path) -> None:
    """The first two accepted change their ranks."""
    lines = (folder / "outcomes.csv").read_text().splitlines()
    one, other = [n for n, line in enumerate(lines) if ",accepted," in line][:2]
    first, second = lines[one].rsplit(",", 1), lines[other].rsplit(",", 1)
    lines[one], lines[other] = f"{first[0]},{second[1]}", f"{second[0]},{first[1]}"
    (folder / "outcomes.csv").write_text("\n".join(lines) + "\n")


def swap_outcomes(folder: Path) -> None:
    """The last of the reserve takes the place of the last accepted, rank and all."""
    lines = (folder / "outcomes.csv").read_text().splitlines()
    out = [n for n, line in enumerate(lines) if ",accepted," in line][-1]
    in_ = [n for n, line in enumerate(lines) if ",reserve," in line][-1]
    rank = lines[out].rsplit(",", 1)[1]
    lines[out] = ",".join([*lines[out].split(",")[:3], "reserve", ""])
    lines[in_] = ",".join([*lines[in_].split(",")[:3], "accepted", rank])
    (folder / "outcomes.csv").write_text("\n".join(lines) + "\n")


def swap_rows(folder: Path) -> None:
    """Two tickets change places in the order."""
    lines = (folder / "outcomes.csv").read_text().splitlines()
    one, other = lines[3].split(","), lines[4].split(",")
    one[1], other[1] = other[1], one[1]
    lines[3:5] = [",".join(one), ",".join(other)]
    (folder / "outcomes.csv").write_text("\n".join(lines) + "\n")


def windows_lines(folder: Path) -> None:
    """``outcomes.csv`` as Python's ``csv`` writes it: nothing is different, and nobody may say so."""
    path = folder / "outcomes.csv"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))


def drop_row(folder: Path) -> None:
    text = (folder / "outcomes.csv").read_text().splitlines(keepends=True)
    (folder / "outcomes.csv").write_text("".join(text[:-1]))


def other_ticket(folder: Path) -> None:
    """The first ticket of the list gives way to another one, which stands there in order."""
    text = (folder / "eligible.txt").read_text()
    (folder / "eligible.txt").write_text("0" * 64 + text[64:])


def unsorted(folder: Path) -> None:
    lines = (folder / "eligible.txt").read_text().splitlines(keepends=True)
    (folder / "eligible.txt").write_text("".join(reversed(lines)))


def stranger_listed(folder: Path) -> None:
    (folder / "priority.txt").write_text((folder / "priority.txt").read_text() + "f" * 64 + "\n")


def one_less_listed(folder: Path) -> None:
    (folder / "priority.txt").write_text((folder / "priority.txt").read_text()[65:])


def record(**values: object) -> Callable[[Path], None]:
    """``draw.json`` says something else."""

    def change(folder: Path) -> None:
        write_json(folder / "draw.json", json.loads((folder / "draw.json").read_text()) | values)

    return change


def other_list_drawn_again(folder: Path) -> None:
    """A whole draw on another list, under the old seed: only the seed gives it away."""
    seed = json.loads((folder / "draw.json").read_text())["seed"]
    write(folder, Wave(seed=99))
    record(seed=seed)(folder)


def no_json(folder: Path) -> None:
    (folder / "draw.json").write_text("{")


def other_commitment(folder: Path) -> None:
    path = folder / "commitment.json"
    write_json(path, json.loads(path.read_text()) | {"quota": 19})


def nothing_promised_of_refill(folder: Path) -> None:
    path = folder / "commitment.json"
    write_json(path, {key: value for key, value in json.loads(path.read_text()).items() if key != "refill"})


def taken_back_twice(folder: Path) -> None:
    """A place that somebody holds is said to be taken back."""
    rows = [line.split(",") for line in (folder / "outcomes.csv").read_text().splitlines()]
    accepted = [row[1] for row in rows if row[3] == "accepted"]
    lines = sorted({*(folder / "withdrawn.txt").read_text().split(), accepted[0]})
    (folder / "withdrawn.txt").write_text("".join(f"{line}\n" for line in lines))


def unknown_taken_back(folder: Path) -> None:
    """A ticket that nobody has is said to have had a place."""
    lines = sorted({*(folder / "withdrawn.txt").read_text().split(), "ab" * 32})
    (folder / "withdrawn.txt").write_text("".join(f"{line}\n" for line in lines))


def outcome_that_is_none(folder: Path) -> None:
    text = (folder / "outcomes.csv").read_text()
    (folder / "outcomes.csv").write_text(text.replace(",reserve,", ",banana,", 1))


TAMPERED: dict[str, tuple[Callable[[Path], None], str, str]] = {
    "a rank swapped": (swap_ranks, "outcomes.csv", "has rank 2, the draw gives 1"),
    "a place given to another": (swap_outcomes, "outcomes.csv", "was passed over: the draw gives it place"),
    "two rows swapped": (swap_rows, "outcomes.csv", "is given position 3, the draw gives 4"),
    "a row gone": (drop_row, "outcomes.csv", "(position 60), and not in outcomes.csv"),
    "another ticket on the list": (other_ticket, "eligible.txt", "is not the file that was published"),
    "the list unsorted": (unsorted, "eligible.txt", "line 2: no ticket, out of order, or there twice"),
    "a stranger listed": (stranger_listed, "priority.txt", "is in priority.txt, and not in eligible.txt"),
    "one less listed": (one_less_listed, "priority.txt", "is not the file that was published"),
    "another seed": (record(seed="ab" * 32), "draw.json", "The seed ought to be"),
    "another list drawn": (other_list_drawn_again, "draw.json", "The seed ought to be"),
    "another round's signature": (record(signature=ROUNDS[1000]), "draw.json", "The signature gives fe290beca108"),
    "another root": (record(list_merkle_sha256="cd" * 32), "eligible.txt", "The root of this list is"),
    "another quota": (record(quota=21), "commitment.json", "“quota”: 20 was committed to, 21 was used"),
    "another round": (record(round=657414), "commitment.json", "“round”: 657413 was committed to"),
    "a form of another time": (record(form=1), "draw.json", "does not give “form” as it should"),
    "another commitment": (other_commitment, "commitment.json", "“quota”: 19 was committed to, 20 was used"),
    "nothing promised of refill": (nothing_promised_of_refill, "commitment.json", "does not give “refill”"),
    "a place taken back and held": (taken_back_twice, "withdrawn.txt", "is in withdrawn.txt, and is not rejected"),
    "a stranger taken back": (unknown_taken_back, "withdrawn.txt", "is in withdrawn.txt, and not in eligible.txt"),
    "an outcome that is none": (outcome_that_is_none, "outcomes.csv", "cannot be read"),
    "a record that is none": (no_json, "draw.json", "draw.json is not JSON that can be read"),
}
