"""A wave's writes fail, each once, and its reads too: a named error, nothing half-written, then the same bytes.

`make test` lets six of each fail, `make test-all` every one.
"""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline.domain import errors
from pipeline.storage import files
from tests.waves import publish, run_wave, three_waves

WAVE = "wave-0001"


class Faulty:
    """Lets so many calls pass, fails the next, and counts them all."""

    def __init__(self, passing: int, error: OSError) -> None:
        self.left, self.calls, self.error = passing, 0, error

    def __call__(self) -> None:
        self.calls += 1
        self.left -= 1
        if self.left == -1:
            raise self.error


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return three_waves(tmp_path_factory.mktemp("three") / "data", people=150).root


def bytes_of(data: Path) -> dict[str, str]:
    """Tables of the run and of its publication."""
    folders = (data / "waves" / WAVE, data / "published" / WAVE / "rev-1")
    return {p.relative_to(data).as_posix(): files.sha256(p) for f in folders for p in sorted(f.glob("*.parquet"))}


def whole_or_absent(data: Path) -> None:
    """What readers of a wave look for is complete, or is not there."""
    run, revision = data / "waves" / WAVE, data / "published" / WAVE / "rev-1"
    assert not run.exists() or (run / "manifest.json").is_file()
    if revision.exists():
        listed = files.read_json(revision / "publication.json")["files"]
        assert {"cohort.parquet", "ledger.parquet", "public/funnel.json"} <= set(listed)
        assert all((revision / name).is_file() for name in listed)


def whole_wave(data: Path) -> None:
    publish(run_wave(data, 1))


@contextmanager
def failing_writes(fault: Faulty, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each file fails as on a full disk: after it was written, as it is given its name."""
    real = Path.replace

    def replace(path: Path, target: Path) -> Path:
        if path.suffix == ".part" and "/data/" in str(path):
            fault()
        return real(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", replace)
        yield


@contextmanager
def failing_reads(fault: Faulty, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each read of a whole Parquet file or of a text fails as a broken disk does."""
    read_table, read_text = pq.read_table, Path.read_text

    def table(*given, **named):
        fault()
        return read_table(*given, **named)

    def text(path: Path, *given, **named) -> str:
        if "/data/" in str(path):
            fault()
        return read_text(path, *given, **named)

    with monkeypatch.context() as patch:
        patch.setattr(pq, "read_table", table)
        patch.setattr(Path, "read_text", text)
        yield


@pytest.mark.parametrize("at_most", [3, pytest.param(10**6, id="each", marks=pytest.mark.exhaustive)])
@pytest.mark.parametrize(
    ("failing", "number", "named"),
    [
        (failing_writes, errno.ENOSPC, errors.DiskFullError),
        (failing_reads, errno.EIO, errors.GelombangError),
    ],
)
def test_whatever_cannot_be_written_or_read(
    untouched: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    failing,
    number: int,
    named: type[Exception],
    at_most: int,
) -> None:
    alone, data = Path(shutil.copytree(untouched, tmp_path / "data" / "alone")), tmp_path / "data" / "faulty"
    shutil.copytree(untouched, data)
    counter = Faulty(10**6, OSError(number, "never"))
    with failing(counter, monkeypatch):
        whole_wave(alone)
    assert counter.calls > 15
    for passing in range(0, counter.calls, -(-counter.calls // at_most)):
        with failing(Faulty(passing, OSError(number, "no luck")), monkeypatch), pytest.raises(named):
            whole_wave(data)
        whole_or_absent(data)
        for lock in (data / "work").glob("*.lock"):
            lock.unlink()
        if (data / "published" / WAVE / "rev-1").exists():
            break  # what failed came after the one step that counts
    left = [p for p in data.rglob("*.part") if p.name.startswith(".")]
    assert left == []
    shutil.rmtree(data / "published" / WAVE, ignore_errors=True)
    whole_wave(data)
    assert bytes_of(data) == bytes_of(alone)
