"""A wave's tasks one after another, each remembered once done, as a scheduler does.

Started again after a kill it goes on with the task that was at work. Says ``begin TASK`` and ``end TASK``.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipeline import stages
from pipeline.airflow_plugin.hand_over import from_dict, to_dict
from pipeline.domain.run_ref import FinishedRun, RunRef, ShardRef
from pipeline.storage.files import read_json, write_json
from tests.waves import AFTER_SELFIES, BEFORE_SELFIES

SHARDS = 3
AT = "2021-03-01T09:00:00+07:00"


def steps(data: Path, wave: int) -> dict[str, Callable[[dict[str, Any]], Any]]:
    """Every task by name, as a function of what the tasks before handed on: each by its name, as Airflow keeps it."""

    def ref(handed: dict[str, Any]) -> RunRef:
        return from_dict(RunRef, handed["hold_wave"])

    def verify(number: int) -> Callable[[dict[str, Any]], Any]:
        return lambda handed: [stages.verify(from_dict(ShardRef, one)) for one in handed["draw"][number : number + 1]]

    def on_the_run(stage: Callable[[RunRef], Any]) -> Callable[[dict[str, Any]], Any]:
        return lambda handed: stage(ref(handed))

    return {
        "hold_wave": lambda _: stages.hold_wave(str(data), wave, "killed and resumed", alone=True),
        "prepare": lambda handed: stages.prepare(ref(handed), None, None, SHARDS),
        **{stage.__name__: on_the_run(stage) for stage in BEFORE_SELFIES},
        "draw": on_the_run(stages.draw),
        **{f"verify {n}": verify(n) for n in range(SHARDS)},
        **{stage.__name__: on_the_run(stage) for stage in (*AFTER_SELFIES, stages.finish)},
        "publish": lambda handed: stages.publish(from_dict(FinishedRun, handed["finish"]), "K", AT, "SK-1"),
        "release_wave": on_the_run(stages.release_wave),
    }


def main(data: Path, wave: int) -> None:
    """Takes the wave to its end, from where it was."""
    memory = data / "steps.json"
    known = read_json(memory) if memory.is_file() else {"done": [], "handed": {}, "seconds": {}}
    for name, step in steps(data, wave).items():
        if name in known["done"]:
            continue
        print(f"begin {name}", flush=True)
        begun = time.monotonic()
        known["handed"][name] = to_dict(step(known["handed"]))
        known["done"].append(name)
        known["seconds"][name] = time.monotonic() - begun
        write_json(known, memory)
        print(f"end {name}", flush=True)


def in_a_group() -> None:
    """As the main function of a process (`prepared_process`), in a group of its own: a kill takes it whole."""
    os.setsid()
    main(Path(sys.argv[1]), int(sys.argv[2]))
