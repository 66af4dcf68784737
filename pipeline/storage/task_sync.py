"""What a task copies between a data root elsewhere and this machine: before the task its inputs, after it its outputs.

Each task says it once, in its decorator (``@moves(...)`` in ``stages.py``). On a folder nothing is moved.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from pipeline.domain.calendar import Wave
from pipeline.domain.errors import StoreError, WaveLockedError
from pipeline.domain.run_ref import RunRef, ShardRef, TaskRef, run_of
from pipeline.runtime.disk import disk_errors
from pipeline.storage import files, wave_lock
from pipeline.storage.paths import Store

P = ParamSpec("P")
T = TypeVar("T", bound=TaskRef)
R = TypeVar("R")

#: Measurements of any run are expensive: lines of this machine that are not in the store yet are kept.
VERDICTS = "work/verdict-cache/"
#: Which of them a shard refused.
REFUSED = "work/{wave}/refused/{stem}.json"


#: Prints of a run's selfies, sealed: what its workers wrote, until it ends. And those of accepted people, by wave.
PRINTS = "work/descriptors/{wave}/"
KEPT_PRINTS = "descriptors/"


@dataclass(frozen=True)
class Part:
    """A part of the data root; ``{wave}`` is the wave's key, ``{plan}`` the run's plan; ``{shard}``,
    ``{name}`` and ``{stem}`` are the path of a shard, its file's name, and that without its ending."""

    prefix: str
    only: tuple[str, ...] = ()
    keep: bool = False


WORK = Part("work/{wave}/")
CACHE = Part(VERDICTS, keep=True)
#: What each task of the run left, signed.
CUSTODY = Part("work/{wave}/custody/", keep=True)
LANDED = tuple(Part(f"landing/{{wave}}/{what}/") for what in ("registrations", "reuploads", "reviews"))
#: Of other waves: who has a place, what was decided, what the report compares with.
RUNS = Part(
    "waves/",
    ("manifest.json", "cohort.parquet", "decisions.parquet", "retries.parquet", "funnel.json", "released.json"),
)
PUBLICATIONS = Part("published/", ("publication.json", "cohort.parquet", "places.parquet", "released.json"))
EARLIER = (RUNS, PUBLICATIONS)


def moves(
    *reads: Part, work: tuple[Part, ...] = (WORK,), extracts: bool = False, writes: tuple[str, ...] = (WORK.prefix,)
) -> Callable[[Callable[Concatenate[T, P], R]], Callable[Concatenate[T, P], R]]:
    """Declares what a task reads and writes; ``extracts``: also the deliveries that its plan names.

    What an interrupted task had written is sent too, except when its run no longer holds the wave.
    """

    def declared(stage: Callable[Concatenate[T, P], R]) -> Callable[Concatenate[T, P], R]:
        @wraps(stage)
        def task(task_ref: T, /, *args: P.args, **kwargs: P.kwargs) -> R:
            ref = run_of(task_ref)
            store = Store.at(ref.data)
            if not store.elsewhere:
                with disk_errors(stage.__name__):
                    return stage(task_ref, *args, **kwargs)
            wave = store.calendar().wave(ref.wave)
            _must_hold(store, wave, ref)
            names = _names(task_ref)
            for part in (*work, *reads):
                store.pull(part.prefix.format_map(names), only=part.only, keep=part.keep)
            if extracts:
                store.pull(*planned(store, ref.plan))
            store.have_key(wave)
            written = [prefix.format_map(names) for prefix in writes]
            try:
                with disk_errors(stage.__name__):
                    result = stage(task_ref, *args, **kwargs)
            except WaveLockedError:
                raise
            except BaseException:
                with suppress(StoreError, WaveLockedError):
                    _must_hold(store, wave, ref)
                    store.push(*written)
                raise
            _must_hold(store, wave, ref)
            store.push(*written)
            return result

        return task

    return declared


def _names(ref: TaskRef) -> dict[str, str]:
    """The values for the names in braces of a ``Part``."""
    run = run_of(ref)
    names = {"wave": run.key, "plan": run.plan}
    if not isinstance(ref, ShardRef):
        return names
    return {**names, "shard": ref.shard, "name": Path(ref.shard).name, "stem": Path(ref.shard).stem}


def planned(store: Store, plan: str) -> list[str]:
    """The files of every delivery that a plan names."""
    extracts = files.read_json(store.root / plan)["extracts"].values()
    return [file for extract in extracts for file in (*extract["files"], *extract["previous_files"])]


def _must_hold(store: Store, wave: Wave, ref: RunRef) -> None:
    if ref.run_id:
        wave_lock.must_hold(store, wave, ref.run_id)


def pull_for_reading(store: Store, wave: Wave) -> None:
    """What a command about one application reads: the run's own tables, its deliveries, and who has a place."""
    store.pull(WORK.prefix.format(wave=wave.key), keep=True)
    store.pull("waves/", only=RUNS.only)
    store.pull("published/")
    plan = store.work(wave) / "plan.json"
    if store.elsewhere and plan.is_file():
        store.pull(*planned(store, store.key(plan)))
