"""The chain of custody of a run's work: what each task left is signed, and the next compares it before it reads.

Reads and writes ``work/wave-NNNN/custody/<task>.json``: the hashes of the files that the task wrote, and the hash of
the statement before it, so that none can be left out. A table that was edited between two tasks stops the run.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import wraps
from hashlib import sha256
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from cryptography.exceptions import InvalidSignature

from pipeline.domain.errors import UnreadableFileError, WorkChangedError
from pipeline.domain.run_ref import RunRef, ShardRef, run_of
from pipeline.record import log
from pipeline.storage import files
from pipeline.wave_run import evidence
from pipeline.wave_run.plan import Plan

P = ParamSpec("P")
T = TypeVar("T", RunRef, ShardRef)
R = TypeVar("R")

#: Below a run's work.
FOLDER = "custody"
#: The order of the tasks that write. Of ``verify`` each shard has a statement of its own.
ORDER = (
    "prepare",
    "ingest",
    "check_inputs",
    "screen",
    "freeze",
    "draw",
    "verify",
    "refill",
    "compare_people",
    "decide",
    "check_cohort",
    "report",
    "finish",
)
#: Below a run's work, and read by no later task.
_NOT_READ = (FOLDER, "data_docs", "publication", "staged")


@dataclass(frozen=True)
class Statement:
    """What one task of one run wrote: file below the run's work to SHA-256. ``after``: the statements before it."""

    run: str
    plan: str
    task: str
    after: str
    files: dict[str, str]

    def text(self) -> bytes:
        """What is signed, in one way of writing."""
        said = json.dumps(vars(self), sort_keys=True, separators=(",", ":"))
        return f"gelombang/custody/1:{said}".encode()


def keeps_custody(stage: Callable[Concatenate[T, P], R]) -> Callable[Concatenate[T, P], R]:
    """A task that compares what the tasks before it left, and signs what it leaves. Raises WorkChangedError."""

    @wraps(stage)
    def task(task_ref: T, /, *args: P.args, **kwargs: P.kwargs) -> R:
        ref = run_of(task_ref)
        run = Plan.load(ref)
        if isinstance(task_ref, ShardRef):
            shard = run.store.root / task_ref.shard
            must_be_as_left(run, ref.run_id, "verify", only=("plan.json", f"shards/{shard.name}"))
            result = stage(task_ref, *args, **kwargs)
            wrote = [run.work / "verdicts" / shard.name]
            state(run, ref.run_id, f"verify-{shard.stem}", [path for path in wrote if path.is_file()])
            return result
        must_be_as_left(run, ref.run_id, stage.__name__)
        before = _stamps(run)
        result = stage(task_ref, *args, **kwargs)
        after = _stamps(run)
        state(run, ref.run_id, stage.__name__, [path for path in after if after[path] != before.get(path)])
        return result

    return task


def state(run: Plan, run_id: str, task: str, wrote: Iterable[Path]) -> None:
    """Signs what a task wrote. Raises KeyLostError, WrongKeyError."""
    hashes = {path.relative_to(run.work).as_posix(): files.sha256(path) for path in sorted(wrote)}
    before = _before(task)
    said = Statement(run_id, files.sha256(run.path), task, _hash(_chain(run, run_id, before)), hashes)
    signature = log.signing_key(run.store).sign(said.text()).hex()
    files.write_json({**vars(said), "signature": signature}, run.work / FOLDER / f"{task}.json")


def must_be_as_left(run: Plan, run_id: str, task: str, only: tuple[str, ...] | None = None) -> None:
    """Raises WorkChangedError unless the work lies as the tasks before ``task`` left it. ``only``: these files of it.

    A file that this task or a later one wrote when it ran before is what that one left: the task was cleared.
    """
    said = _chain(run, run_id, _before(task))
    wanted = {name: digest for statement in said for name, digest in statement.files.items()}
    known = {(name, digest) for one in _signed(run, run_id).values() for name, digest in one.files.items()}
    altered = [name for name in wanted if (only is None or name in only) and not _is_left(run, name, known)]
    if task == "decide":  # it takes every verdict that it finds
        here = {f"verdicts/{path.name}" for path in (run.work / "verdicts").glob("*.parquet")}
        altered += sorted(here - set(wanted))
    if altered:
        raise WorkChangedError(
            f"Between two tasks of wave {run.wave.number}, files below {run.work} changed: {', '.join(altered[:5])}."
        )


def _is_left(run: Plan, name: str, known: set[tuple[str, str]]) -> bool:
    path = run.work / name
    if not path.is_file():
        return False
    digest = files.sha256(path)
    return (name, digest) in known or digest in evidence.erased(run.store, run.wave.number)


def _before(task: str) -> tuple[str, ...]:
    """The tasks before one, in order."""
    return ORDER[: ORDER.index(task.partition("-")[0])]


def _chain(run: Plan, run_id: str, tasks: tuple[str, ...]) -> list[Statement]:
    """The statements of these tasks, in order, each after the ones before it. Raises WorkChangedError for a gap."""
    signed, chain = _signed(run, run_id), list[Statement]()
    for task in tasks:
        names = [task]
        if task == "verify":
            drawn = (Path(name) for name in chain[-1].files)
            names = sorted(f"verify-{name.stem}" for name in drawn if name.parent.name == "shards")
        after = _hash(chain)
        for name in names:
            if name not in signed or signed[name].after != after:
                raise WorkChangedError(
                    f"What {name} left in the work of wave {run.wave.number} is not signed, or what came before it "
                    "was made anew since."
                )
        chain += [signed[name] for name in names]
    return chain


def _signed(run: Plan, run_id: str) -> dict[str, Statement]:
    """The statements of this run under this plan that this installation signed, by task."""
    found: dict[str, Statement] = {}
    plan, key = files.sha256(run.path), log.signing_key(run.store).public_key()
    for path in sorted((run.work / FOLDER).glob("*.json")):
        with suppress(UnreadableFileError, InvalidSignature, TypeError, ValueError, KeyError, AttributeError):
            kept = files.read_json(path)
            signature = bytes.fromhex(kept.pop("signature"))
            said = Statement(**kept)
            key.verify(signature, said.text())
            if (said.run, said.plan, said.task) == (run_id, plan, path.stem):
                found[said.task] = said
    return found


def _hash(chain: list[Statement]) -> str:
    return sha256(b"\n".join(one.text() for one in chain)).hexdigest()


def _stamps(run: Plan) -> dict[Path, tuple[int, int, int]]:
    """Every file of the work that another task reads, and what changes when it is written."""
    found = {}
    for path in sorted(run.work.rglob("*")):
        inside = path.relative_to(run.work)
        if path.is_file() and not path.name.startswith(".") and inside.parts[0] not in _NOT_READ:
            stat = path.stat()
            found[path] = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
    return found
