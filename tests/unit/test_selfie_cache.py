"""What was measured once is found again, by this process and by the next, whatever a kill left behind."""

from __future__ import annotations

from pathlib import Path

from pipeline.selfie.cache import MeasurementCache, key
from pipeline.selfie.verdict import Measurement

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
    MeasurementCache(tmp_path).put(some(0, 20))
    after = MeasurementCache(tmp_path)
    after.refresh()
    assert [after.get(k) for k in KEYS] == [*some(0, 20).values(), *[None] * 20]


def test_one_process_sees_what_another_adds_and_its_own(tmp_path: Path):
    one, other = MeasurementCache(tmp_path), MeasurementCache(tmp_path)
    for first in (0, 10, 20):
        one.put(some(first, first + 5))
        other.put(some(first + 5, first + 10))
        one.refresh()
    assert {k: one.get(k) for k in KEYS[:30]} == some(0, 30)
    assert one.get(KEYS[30]) is None


def test_a_line_that_a_kill_cut_off_is_nobodys_and_the_others_stand(tmp_path: Path):
    MeasurementCache(tmp_path).put(some(0, 3))
    [file] = tmp_path.glob("*.jsonl")
    file.write_bytes(file.read_bytes()[:-30])
    (tmp_path / "other.jsonl").write_bytes(b'not of ours\n{"key":"' + KEYS[5].encode() + b'","colour":1}\n\n')
    after = MeasurementCache(tmp_path)
    after.refresh()
    assert [after.get(k) for k in KEYS[:6]] == [MEASURED[KEYS[0]], MEASURED[KEYS[1]], None, None, None, None]
    after.put(some(2, 3))
    assert after.get(KEYS[2]) == MEASURED[KEYS[2]]
