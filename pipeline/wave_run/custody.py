"""The chain of custody of a run's work: the files of each task are signed, and the next task compares them before it
reads.

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
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

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
#: The first statement follows this hash, of no statement.
NOTHING = sha256(b"").hexdigest()
#: The order of the tasks that write. ``verify`` has one statement for each shard.
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
    """Makes a task that compares the files of the tasks before it, and signs its own. Raises WorkChangedError."""

    @wraps(stage)
    def task(task_ref: T, /, *args: P.args, **kwargs: P.kwargs) -> R:
        ref = run_of(task_ref)
        run = Plan.load(ref)
        if isinstance(task_ref, ShardRef):
            shard = run.store.root / task_ref.shard
            after = must_be_as_left(run, ref.run_id, "verify", only=("plan.json", f"shards/{shard.name}"))
            result = stage(task_ref, *args, **kwargs)
            wrote = [run.work / "verdicts" / shard.name]
            state(run, ref.run_id, f"verify-{shard.stem}", [path for path in wrote if path.is_file()], after)
            return result
        after = must_be_as_left(run, ref.run_id, stage.__name__)
        before = _stamps(run)
        result = stage(task_ref, *args, **kwargs)
        left = _stamps(run)
        state(run, ref.run_id, stage.__name__, [path for path in left if left[path] != before.get(path)], after)
        return result

    return task


def state(run: Plan, run_id: str, task: str, wrote: Iterable[Path], after: str = NOTHING) -> None:
    """Signs what a task wrote. ``after``: as ``must_be_as_left`` gave it. Raises KeyLostError, WrongKeyError."""
    hashes = {path.relative_to(run.work).as_posix(): files.sha256(path) for path in sorted(wrote)}
    said = Statement(run_id, files.sha256(run.path), task, after, hashes)
    signature = log.signing_key(run.store).sign(said.text()).hex()
    files.write_json({**vars(said), "signature": signature}, run.work / FOLDER / f"{task}.json")


def must_be_as_left(run: Plan, run_id: str, task: str, only: tuple[str, ...] | None = None) -> str:
    """The hash of the statements before ``task``. ``only``: these files are compared, and no others.

    Raises WorkChangedError unless the work is as the tasks before left it. A file that this task or a later one
    wrote when it ran before is what that one left: the task was cleared.
    """
    signed = _Signed.of(run, run_id)
    said = _chain(signed, ORDER[: ORDER.index(task)])
    wanted = {name: digest for statement in said for name, digest in statement.files.items()}
    altered = [name for name in wanted if (only is None or name in only) and not _is_left(signed, name, wanted[name])]
    if task == "decide":  # it reads every verdict that it finds
        here = {f"verdicts/{path.name}" for path in (run.work / "verdicts").glob("*.parquet")}
        altered += sorted(here - set(wanted))
    if altered:
        raise WorkChangedError(
            f"Between two tasks of wave {run.wave.number}, files below {run.work} changed: {', '.join(altered[:5])}."
        )
    return _hash(said)


@dataclass(frozen=True)
class _Signed:
    """The statements of one run under one plan that this installation signed."""

    run: Plan
    run_id: str
    plan: str
    key: Ed25519PublicKey

    @classmethod
    def of(cls, run: Plan, run_id: str) -> _Signed:
        return cls(run, run_id, files.sha256(run.path), log.signing_key(run.store).public_key())

    def by(self, task: str) -> Statement | None:
        """What a task left; None where it is not signed."""
        with suppress(UnreadableFileError, InvalidSignature, OSError, TypeError, ValueError, KeyError, AttributeError):
            kept = files.read_json(self.run.work / FOLDER / f"{task}.json")
            signature = bytes.fromhex(kept.pop("signature"))
            said = Statement(**kept)
            self.key.verify(signature, said.text())
            if (said.run, said.plan, said.task) == (self.run_id, self.plan, task):
                return said
        return None

    def every(self) -> list[Statement]:
        """The files of every task that ran, also of later ones."""
        tasks = (path.stem for path in sorted((self.run.work / FOLDER).glob("*.json")))
        return [said for task in tasks if (said := self.by(task)) is not None]


def _is_left(signed: _Signed, name: str, wanted: str) -> bool:
    path = signed.run.work / name
    if not path.is_file():
        return False
    digest = files.sha256(path)
    if digest == wanted or any(said.files.get(name) == digest for said in signed.every()):
        return True
    return digest in evidence.erased(signed.run.store, signed.run.wave.number)


def _chain(signed: _Signed, tasks: tuple[str, ...]) -> list[Statement]:
    """The statements of these tasks, in order, each after the ones before it. Raises WorkChangedError for a gap."""
    chain = list[Statement]()
    for task in tasks:
        names = [task]
        if task == "verify":
            drawn = (Path(name) for name in chain[-1].files)
            names = sorted(f"verify-{name.stem}" for name in drawn if name.parent.name == "shards")
        after = _hash(chain)
        for name in names:
            said = signed.by(name)
            if said is None or said.after != after:
                raise WorkChangedError(
                    f"What {name} left in the work of wave {signed.run.wave.number} is not signed, or what came before "
                    "it was made anew since."
                )
            chain.append(said)
    return chain


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
