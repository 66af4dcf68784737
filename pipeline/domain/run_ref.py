"""What the tasks of a wave hand to each other: which run, which shard, what is finished. Never a row.

Airflow keeps hand-overs as plain dictionaries; ``airflow_plugin/hand_over.py`` turns these classes into them and back.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.domain.wave_keys import wave_key


@dataclass(frozen=True)
class RunRef:
    """One run of a wave. ``run_id`` is the name under which it holds the wave; empty: a reader that holds nothing."""

    data: str
    wave: int
    run_id: str = ""

    @property
    def key(self) -> str:
        """The name of the wave's folders."""
        return wave_key(self.wave)

    @property
    def plan(self) -> str:
        """Where the run's plan is, below the data root."""
        return f"work/{self.key}/plan.json"


@dataclass(frozen=True)
class ShardRef:
    """The selfies that one task verifies: where their table is below the data root, and how many pairs it has."""

    run: RunRef
    shard: str
    photographs: int


@dataclass(frozen=True)
class FinishedRun:
    """A run that is done: its folder's address and files, the cohort's hash, the form that an approver reads."""

    run: RunRef
    waves: str
    cohort_sha256: str
    form: str
    files: int


@dataclass(frozen=True)
class PublishedWave:
    """One revision of a published wave, and what the last screening changed. ``key`` is the wave's partition."""

    key: str
    published: str
    revision: int
    decree: str
    accepted: int
    removed: int
    added: int
    prints_kept: int


@dataclass(frozen=True)
class OverviewRef:
    """The page with all waves side by side, and how many they are."""

    overview: str
    waves: int


#: What a task of a run takes.
TaskRef = RunRef | ShardRef | FinishedRun


def run_of(ref: TaskRef) -> RunRef:
    """The run that a task belongs to."""
    return ref if isinstance(ref, RunRef) else ref.run
