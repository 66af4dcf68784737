"""A wave's tasks one after another, each remembered once done, as a scheduler does: ``python -m tests.step_by_step``.

Started again after a kill it goes on with the task that was at work. Says ``begin TASK`` and ``end TASK``.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipeline import stages
from pipeline.storage.files import read_json, write_json
from tests.waves import AFTER_SELFIES, BEFORE_SELFIES

SHARDS = 3
AT = "2021-03-01T09:00:00+07:00"


def steps(data: Path, wave: int) -> dict[str, Callable[[dict[str, Any]], dict[str, Any]]]:
    """Every task by name, as a function of what the tasks before handed on."""

    def shard(number: int) -> Callable[[dict[str, Any]], dict[str, Any]]:
        def verify(job: dict[str, Any]) -> dict[str, Any]:
            for one in job["shards"][number : number + 1]:
                stages.verify(one)
            return job

        return verify

    made: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
        "hold_wave": lambda _: stages.hold_wave(str(data), wave, "killed and resumed", alone=True),
        "prepare": lambda job: stages.prepare(job, None, None, SHARDS),
        **{stage.__name__: stage for stage in BEFORE_SELFIES},
        "draw": lambda job: {**job, "shards": stages.draw(job)},
        **{f"verify {n}": shard(n) for n in range(SHARDS)},
        **{stage.__name__: stage for stage in AFTER_SELFIES},
        "publish": lambda job: {**job, "published": stages.publish(job, "K", AT, "SK-1")},
        "release_wave": lambda job: {**job, "released": stages.release_wave(job)},
    }
    return made


def main(data: Path, wave: int) -> None:
    """Takes the wave to its end, from where it was."""
    memory = data / "steps.json"
    known = read_json(memory) if memory.is_file() else {"done": [], "job": {}, "seconds": {}}
    for name, step in steps(data, wave).items():
        if name in known["done"]:
            continue
        print(f"begin {name}", flush=True)
        begun = time.monotonic()
        known["job"] = step(known["job"])
        known["done"].append(name)
        known["seconds"][name] = time.monotonic() - begun
        write_json(known, memory)
        print(f"end {name}", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
