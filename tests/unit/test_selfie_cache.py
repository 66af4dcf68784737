"""What was measured once is found again, by this process and by the next, whatever a kill left behind."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from pipeline.selfie.cache import MeasurementCache, key
from pipeline.selfie.verdict import Measurement

SECRET = b"s" * 32
KEYS = [key(bytes([n]), b"reference", "model", "limits") for n in range(40)]
MEASURED = {k: Measurement(distance=n / 100, faces=1, blur=0.5) for n, k in enumerate(KEYS)}


def some(first: int, last: int) -> dict[str, Measurement]:
    return {k: MEASURED[k] for k in KEYS[first:last]}


def test_what_decides_how_a_photograph_is_seen_is_part_of_its_key():
    keys = {
        key(b"selfie", b"reference", "model", "120000000/640"),
        key(b"selfie", b"reference", "model", "1000/640"),
        key(b"selfie", b"reference", "model", "120000000/320"),
        key(b"selfie", b"reference", "other", "120000000/640"),
        key(b"selfie", None, "model", "120000000/640"),
    }
    assert len(keys) == 5


def test_the_next_process_finds_all_of_it(tmp_path: Path):
    MeasurementCache(tmp_path, SECRET).put(some(0, 20))
    after = MeasurementCache(tmp_path, SECRET)
    after.refresh()
    assert [after.get(k) for k in KEYS] == [*some(0, 20).values(), *[None] * 20]


def test_one_process_sees_what_another_adds_and_its_own(tmp_path: Path):
    one, other = MeasurementCache(tmp_path, SECRET), MeasurementCache(tmp_path, SECRET)
    for first in (0, 10, 20):
        one.put(some(first, first + 5))
        other.put(some(first + 5, first + 10))
        one.refresh()
    assert {k: one.get(k) for k in KEYS[:30]} == some(0, 30)
    assert one.get(KEYS[30]) is None


def test_a_line_that_a_kill_cut_off_is_nobodys_and_the_others_stand(tmp_path: Path):
    MeasurementCache(tmp_path, SECRET).put(some(0, 3))
    [file] = tmp_path.glob("*.jsonl")
    file.write_bytes(file.read_bytes()[:-30])
    (tmp_path / "other.jsonl").write_bytes(b'not of ours\n{"key":"' + KEYS[5].encode() + b'","colour":1}\n\n')
    after = MeasurementCache(tmp_path, SECRET)
    after.refresh()
    assert [after.get(k) for k in KEYS[:6]] == [MEASURED[KEYS[0]], MEASURED[KEYS[1]], None, None, None, None]
    after.put(some(2, 3))
    assert after.get(KEYS[2]) == MEASURED[KEYS[2]]


# --- lines that nobody of this installation wrote so


def kept(tmp_path: Path) -> tuple[Path, list[str]]:
    """Three lines of ours."""
    MeasurementCache(tmp_path, SECRET).put(some(0, 3))
    [file] = tmp_path.glob("*.jsonl")
    return file, file.read_text().splitlines(keepends=True)


def seen_by_the_next(tmp_path: Path, secret: bytes = SECRET) -> tuple[list[Measurement | None], list[int]]:
    """What the next process finds under the first three keys, and which lines it refuses, by their file's places."""
    after = MeasurementCache(tmp_path, secret)
    after.refresh()
    found = [after.get(k) for k in KEYS[:3]]
    return found, [int(name.rpartition(":")[2]) for name in after.refused()]


OURS = [MEASURED[k] for k in KEYS[:3]]
ATTACKS: dict[str, Any] = {
    "a better distance": lambda lines: [lines[0].replace('"distance":0.0', '"distance":0.1'), *lines[1:]],
    "one byte of white space": lambda lines: [lines[0].replace('"faces":1', '"faces": 1'), *lines[1:]],
    "another pair's verdict": lambda lines: [lines[1].replace(KEYS[1], KEYS[0]), *lines[1:]],
    "a line without a MAC": lambda lines: [re.sub('"mac":"[0-9a-f]+",', "", lines[0]), *lines[1:]],
    "a MAC of zeros": lambda lines: [re.sub('"mac":"[0-9a-f]+"', f'"mac":"{"0" * 32}"', lines[0]), *lines[1:]],
    "no JSON behind a key": lambda lines: [f'{{"key":"{KEYS[0]}","mac":"{"0" * 32}",\xff\n', *lines[1:]],
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_altered_line_is_refused_named_and_measured_anew(tmp_path: Path, attack: str):
    file, lines = kept(tmp_path)
    file.write_text("".join(ATTACKS[attack](lines)))
    assert seen_by_the_next(tmp_path) == ([None, *OURS[1:]], [0])
    MeasurementCache(tmp_path, SECRET).put(some(0, 1))
    assert seen_by_the_next(tmp_path) == (OURS, [0])  # the false line is named as long as it is there


@pytest.mark.parametrize("name", ["0.jsonl", "z.jsonl"])  # read before ours, and after
def test_a_forged_line_beside_a_true_one_is_named_and_changes_nothing(tmp_path: Path, name: str):
    _, lines = kept(tmp_path)
    (tmp_path / name).write_text(lines[0].replace('"distance":0.0', '"distance":0.1'))
    assert seen_by_the_next(tmp_path) == (OURS, [0])


def test_the_key_of_another_installation_proves_nothing(tmp_path: Path):
    kept(tmp_path)
    found, refused = seen_by_the_next(tmp_path, b"t" * 32)
    assert found == [None] * 3
    assert len(refused) == 3


@pytest.mark.filterwarnings("ignore:Pydantic serializer")
@pytest.mark.parametrize(
    "values",
    [
        {"distance": -0.1},
        {"distance": "0.1"},
        {"faces": 1.5},
        {"glasses": 1.01},
        {"roll": 400.0},
        {"problem": "face_mismatch"},
        {"reference_seen": 1},
    ],
)
def test_a_value_that_no_measurement_has_is_refused_though_its_mac_is_right(tmp_path: Path, values: dict[str, Any]):
    MeasurementCache(tmp_path, SECRET).put({KEYS[0]: Measurement(**values), **some(1, 3)})
    assert seen_by_the_next(tmp_path) == ([None, *OURS[1:]], [0])
