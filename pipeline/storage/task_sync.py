"""What a task moves between the data root elsewhere and this machine: before it what it reads, after it what it wrote.

Said once for each task, beside it (``@moves(...)`` in ``stages.py``). On a folder nothing is moved.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from pipeline.domain.calendar import Wave
from pipeline.domain.errors import StoreError, WaveLockedError
from pipeline.storage import files, wave_lock
from pipeline.storage.paths import Store

P = ParamSpec("P")
R = TypeVar("R")

#: Measurements that were paid for, by whatever run: lines of this machine that are not there yet stay.
VERDICTS = "work/verdict-cache/"


#: Prints of a run's selfies, sealed: what its workers wrote, until it ends. And those of accepted people, by wave.
PRINTS = "work/descriptors/{wave}/"
KEPT_PRINTS = "descriptors/"


@dataclass(frozen=True)
class Part:
    """A part of the data root; ``{wave}`` stands for the wave's key, other names for what the job has under them."""

    prefix: str
    only: tuple[str, ...] = ()
    keep: bool = False


WORK = Part("work/{wave}/")
CACHE = Part(VERDICTS, keep=True)
LANDED = tuple(Part(f"landing/{{wave}}/{what}/") for what in ("registrations", "reuploads", "reviews"))
#: Of other waves: who has a place, what was decided, what the report compares with.
EARLIER = (
    Part("waves/", ("manifest.json", "cohort.parquet", "decisions.parquet", "retries.parquet", "funnel.json")),
    Part("published/", ("publication.json", "cohort.parquet")),
)


def moves(
    *reads: Part, work: tuple[Part, ...] = (WORK,), extracts: bool = False, writes: tuple[str, ...] = (WORK.prefix,)
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Declares what a task reads and writes; ``extracts``: also the deliveries that its plan names.

    What an interrupted task had written is sent too, but for a run that no longer holds the wave.
    """

    def declared(stage: Callable[P, R]) -> Callable[P, R]:
        @wraps(stage)
        def run(*args: P.args, **kwargs: P.kwargs) -> R:
            job: dict[str, Any] = args[0]  # type: ignore[assignment]
            where = Store.at(job["data"])
            if not where.elsewhere:
                with files.disk_errors(stage.__name__):
                    return stage(*args, **kwargs)
            wave = where.calendar().wave(job["wave"])
            _must_hold(where, wave, job)
            names = {**job, "wave": wave.key, "name": Path(str(job.get("shard", ""))).name}
            for part in (*work, *reads):
                where.pull(part.prefix.format_map(names), only=part.only, keep=part.keep)
            if extracts:
                where.pull(*planned(where, job["plan"]))
            written = [prefix.format_map(names) for prefix in writes]
            try:
                with files.disk_errors(stage.__name__):
                    result = stage(*args, **kwargs)
            except WaveLockedError:
                raise
            except BaseException:
                with suppress(StoreError, WaveLockedError):
                    _must_hold(where, wave, job)
                    where.push(*written)
                raise
            _must_hold(where, wave, job)
            where.push(*written)
            return result

        return run

    return declared


def planned(where: Store, plan: str) -> list[str]:
    """The files of every delivery that a plan names."""
    extracts = files.read_json(where.root / plan)["extracts"].values()
    return [file for extract in extracts for file in (*extract["files"], *extract["previous_files"])]


def _must_hold(where: Store, wave: Wave, job: dict[str, Any]) -> None:
    if "run" in job:
        wave_lock.must_hold(where, wave, job["run"])


def pull_for_reading(where: Store, wave: Wave) -> None:
    """What a command about one application reads: the run's own tables, its deliveries, and who has a place."""
    where.pull(WORK.prefix.format(wave=wave.key), keep=True)
    where.pull("waves/", only=EARLIER[0].only)
    where.pull("published/")
    plan = where.work(wave) / "plan.json"
    if where.elsewhere and plan.is_file():
        where.pull(*planned(where, where.key(plan)))
