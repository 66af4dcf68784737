"""A wave killed again and again ends with the bytes of one that was left alone, and nothing is paid for twice.

`make test` kills it 8 times, `make test-all` 30 times.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import threading
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest

from pipeline.storage.files import sha256
from pipeline.storage.paths import Store
from tests import step_by_step
from tests.functional.conftest import WAVE, link_deliveries, prepared

BATCH, WORKERS = 4, 1
KEY = f"wave-{WAVE:04d}"


class Started:
    """The wave's tasks at work in a process group of their own: a kill takes the selfie workers too."""

    def __init__(self, data: Path) -> None:
        settings = {"GELOMBANG_SELFIE__BATCH": str(BATCH), "GELOMBANG_SELFIE__WORKERS": str(WORKERS)}
        main = f"{step_by_step.__name__}:{step_by_step.in_a_group.__name__}"
        said, its_end = os.pipe()
        self._command = prepared().start([str(data), str(WAVE)], {**os.environ, **settings}, its_end, main)
        os.close(its_end)
        self.lines = os.fdopen(said, encoding="utf-8", errors="replace")

    def kill(self) -> None:
        """``kill -9`` for all of it, unless it has ended by itself."""
        with suppress(ProcessLookupError):
            os.killpg(self._command.pid, signal.SIGKILL)

    def ended(self) -> tuple[int, str]:
        """Its exit code, and what it said that was not read yet, once it has ended."""
        with self.lines:
            rest = self.lines.read()
        return self._command.wait(), rest


def killed_during(data: Path, step: str, after: float) -> str | None:
    """Runs on, and kills so many seconds after a step has begun; the step that was at work, None if all had ended.

    Where the step was done before (an earlier kill came late), whatever comes first is killed instead.
    """
    memory = data / "steps.json"
    over = memory.is_file() and step in json.loads(memory.read_text())["done"]
    process, at_work = Started(data), ""
    timer: threading.Timer | None = None
    for line in process.lines:
        word, _, name = line.strip().partition(" ")
        if word == "begin":
            at_work = name
            if timer:  # the step was quicker than last time: none after it may slip through unhurt
                process.kill()
            elif over or name == step:
                timer = threading.Timer(after, process.kill)
                timer.start()
    if timer:
        timer.cancel()
    code, _ = process.ended()
    assert code in (0, -signal.SIGKILL), f"{at_work} failed by itself"
    return at_work if code else None


def results(data: Path) -> dict[str, str]:
    """Every table, list and the published revision, by content."""
    names = [*(data / "waves" / KEY).glob("*.parquet"), *(data / "waves" / KEY).glob("*.txt")]
    names += [data / "waves" / KEY / "funnel.json", *(data / "published" / KEY).glob("rev-1/*.parquet")]
    return {path.relative_to(data).as_posix(): sha256(path) for path in sorted(names)}


def measured(data: Path) -> list[str]:
    """The key of every measurement that was made, in all processes."""
    lines = [line for p in (data / "work" / "verdict-cache").glob("*.jsonl") for line in p.read_bytes().splitlines()]
    return [json.loads(line)["key"] for line in lines if line.endswith(b"}")]


#: Steps that are killed in `make test`: those that write most, and the one step of each kind that counts.
EIGHT = ("ingest", "screen", "draw", "verify 0", "verify 1", "decide", "report", "finish", "publish")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("steps", "moments", "at_least"),
    [
        pytest.param(EIGHT, ("inside",), 8, id="eight"),
        pytest.param(None, ("beginning", "inside"), 30, id="thirty", marks=pytest.mark.exhaustive),
    ],
)
def test_kills_and_the_same_bytes(
    simulated: Path, tmp_path: Path, steps: tuple[str, ...] | None, moments: tuple[str, ...], at_least: int
) -> None:
    alone, killed = tmp_path / "alone", tmp_path / "killed"
    for copy in (alone, killed):
        shutil.copytree(simulated, copy, copy_function=link_deliveries)
        for made in ("work", "waves", f"published/{KEY}"):
            shutil.rmtree(copy / made, ignore_errors=True)
        calendar = (copy / "calendar.toml").read_text().replace("refill = false", "refill = true")
        (copy / "calendar.toml").unlink()  # a hard link that others read
        (copy / "calendar.toml").write_text(calendar)
    code, said = Started(alone).ended()
    assert code == 0, said
    assert "end release_wave" in said
    seconds = json.loads((alone / "steps.json").read_text())["seconds"]

    chance, hit = random.Random(2020), Counter[str]()
    for step in steps or step_by_step.steps(killed, WAVE):
        for moment in moments:  # just as it begins, and somewhere inside
            after = 0.0 if moment == "beginning" else chance.random() * seconds[step]
            if name := killed_during(killed, step, after):
                hit[name] += 1
    paid_for = measured(killed)
    code, said = Started(killed).ended()
    assert code == 0, said

    assert results(killed) == results(alone)
    assert hit.total() >= at_least, hit
    assert len(hit) > at_least // 2, hit  # kills are spread over the wave
    if steps is None:
        assert set(hit) >= {name for name in seconds if seconds[name] > 0.05}, hit
    assert [p.name for p in Store.at(killed).revisions(KEY)] == ["rev-1"]  # nothing is published twice
    again = Counter(measured(killed))
    in_flight = 2 * WORKERS * BATCH
    assert sum(n - 1 for n in again.values()) <= in_flight * sum(n for name, n in hit.items() if "verify" in name)
    assert set(paid_for) <= set(again)  # no verdict is forgotten
    left = [p for where in ("waves", "published") for p in (killed / where).rglob(".*") if p.name != ".lock"]
    assert left == []
