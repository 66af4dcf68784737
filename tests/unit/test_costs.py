"""What a task cost is written when it ends, with its workers', and nothing that a listener hears is lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipeline.runtime import progress, resource_usage


class Heard:
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def started(self, task: str) -> None:
        self.calls.append(("started", task))

    def advanced(self, task: str, done: int, total: int) -> None:
        self.calls.append(("advanced", task, done, total))

    def finished(self, task: str, counts: dict[str, Any]) -> None:
        self.calls.append(("finished", task, counts))

    def failed(self, task: str, error: BaseException) -> None:
        self.calls.append(("failed", task, str(error)))


def test_a_task_and_its_processes_are_counted(tmp_path):
    file, heard = tmp_path / "work" / "costs.jsonl", Heard()
    (tmp_path / "kept").write_bytes(b"x" * 3_000_000)
    with resource_usage.recorded(file, tmp_path, heard), progress.task("busy") as counts:
        progress.reporter("busy")(2, 4)
        busy = "import time\nwhile time.process_time() < 1.5: pass"
        subprocess.run([sys.executable, "-c", busy], check=True)
        counts["people"] = 7
    [line] = [json.loads(text) for text in file.read_text().splitlines()]
    assert (line["task"], line["finished"], line["counts"], line["done"], line["of"]) == (
        "busy",
        True,
        {"people": 7},
        2,
        4,
    )
    assert line["cpu_seconds"] >= 1.4  # a child's, though it has ended
    assert line["peak_mb"] > 10
    assert line["worker_peak_mb"] > 1
    assert line["disk_mb"] == 3
    assert heard.calls == [("started", "busy"), ("advanced", "busy", 2, 4), ("finished", "busy", {"people": 7})]


def test_a_task_that_fails_is_told_and_raises(tmp_path):
    file, heard = tmp_path / "costs.jsonl", Heard()
    with (
        pytest.raises(ValueError, match="broken"),
        resource_usage.recorded(file, tmp_path, heard),
        progress.task("bad"),
    ):
        raise ValueError("broken")
    [line] = [json.loads(text) for text in file.read_text().splitlines()]
    assert (line["finished"], line["error"]) == (False, "ValueError")
    assert heard.calls == [("started", "bad"), ("failed", "bad", "broken")]
    with progress.task("after"):
        pass
    assert len(file.read_text().splitlines()) == 1  # nobody listens any more


def test_a_file_that_vanishes_while_sizes_are_added_up_fails_nothing(tmp_path, monkeypatch):
    for n in range(3):
        (tmp_path / f"{n}").write_bytes(b"x" * 1_000_000)
    lstat = Path.lstat

    def gone(path: Path) -> os.stat_result:
        if path.name == "1":
            raise FileNotFoundError(path)
        return lstat(path)

    monkeypatch.setattr(Path, "lstat", gone)
    file = tmp_path / "costs.jsonl"
    with resource_usage.recorded(file, tmp_path), progress.task("quick"):
        pass
    assert json.loads(file.read_text().splitlines()[-1])["disk_mb"] == 2


def test_costs_that_cannot_be_written_fail_nothing(tmp_path):
    (tmp_path / "costs.jsonl").mkdir()
    with resource_usage.recorded(tmp_path / "costs.jsonl", tmp_path), progress.task("quick") as counts:
        counts["done"] = 1
