"""The lock of a wave: one winner, one holder, and none that is dead."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from pipeline import periodic_tasks
from pipeline.domain.calendar import Wave
from pipeline.domain.errors import StoreError, WaveLateError, WaveLockedError
from pipeline.domain.settings import settings
from pipeline.storage import wave_lock
from pipeline.storage.paths import Store

WAVE = Wave(1, datetime(2020, 4, 11), datetime(2020, 4, 16, 16), 10, "seed")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def holding_run(store: Store) -> str:
    found = wave_lock.holder_of(store, WAVE)
    assert found is not None
    return found.run


def test_of_many_that_try_at_once_one_wins(store: Store) -> None:
    def attempt(number: int) -> bool:
        try:
            wave_lock.take(store, WAVE, wave_lock.Holder(f"run {number}"))
        except WaveLockedError:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        won = list(pool.map(attempt, range(64)))
    assert won.count(True) == 1
    assert holding_run(store) == f"run {won.index(True)}"
    assert [p.name for p in (store.root / "work").iterdir()] == ["wave-0001.lock"]


def test_a_process_that_was_killed_holds_nothing(store: Store) -> None:
    code = f"""
import os, signal
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from pipeline.domain.settings import settings
from pipeline.storage import wave_lock
from pipeline.domain.calendar import Wave
from pipeline.storage.paths import Store
wave = Wave(1, datetime(2020, 4, 11), datetime(2020, 4, 16, 16), 10, "seed")
wave_lock.take(Store(Path({str(store.root)!r})), wave, wave_lock.Holder.this_process("killed"))
os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
    assert holding_run(store) == "killed"
    wave_lock.take(store, WAVE, wave_lock.Holder("next"))
    assert holding_run(store) == "next"


def test_a_living_process_and_a_process_elsewhere_keep_theirs(store: Store) -> None:
    for holder in (
        wave_lock.Holder.this_process("here"),
        wave_lock.Holder("there", host="elsewhere", process=1, begun=0.0),
    ):
        wave_lock.take(store, WAVE, holder)
        with pytest.raises(WaveLockedError, match=f"held by {holder.run} \\(since "):
            wave_lock.take(store, WAVE, wave_lock.Holder("other"))
        wave_lock.release(store, WAVE, holder.run)


def test_a_command_gives_back_what_it_held_whatever_happens(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), wave_lock.held(store, WAVE, "gelombang run") as name:
        wave_lock.must_hold(store, WAVE, name)
        raise ZeroDivisionError
    assert wave_lock.holder_of(store, WAVE) is None


def test_a_run_whose_wave_was_given_back_is_to_be_run_again_and_not_to_wait(store: Store) -> None:
    with pytest.raises(WaveLockedError, match="somebody gave it back") as lost:
        wave_lock.must_hold(store, WAVE, "run")
    assert "Run the wave again" in lost.value.advice
    assert "Wait" not in lost.value.advice
    wave_lock.take(store, WAVE, wave_lock.Holder("other"))
    with pytest.raises(WaveLockedError, match="other"):
        wave_lock.must_hold(store, WAVE, "run")


def test_a_dead_process_of_the_same_number_is_not_this_one(store: Store) -> None:
    """Numbers come again, in a container the same ones: what a dead namesake left is not adopted with its birth."""
    alive = wave_lock.Holder.this_process("gelombang run, process 7 on box")
    dead = wave_lock.Holder(alive.run, host=alive.host, process=alive.process, begun=0.0)
    wave_lock.take(store, WAVE, dead)
    wave_lock.take(store, WAVE, alive)
    with pytest.raises(WaveLockedError):
        wave_lock.take(store, WAVE, wave_lock.Holder("other"))


def test_a_root_that_takes_no_lock_is_a_named_error(store: Store) -> None:
    (store.root / "work").write_text("a file")
    with pytest.raises(StoreError, match="lock"):
        wave_lock.take(store, WAVE, wave_lock.Holder("run"))


@pytest.mark.parametrize(("hours", "late"), [(0, []), (1, ["wave-0001"]), (3, []), (24, [])])
def test_a_wave_that_is_held_too_long_is_named(tmp_path: Path, monkeypatch, hours: int, late: list[str]):
    """Wave 1 is held for two hours, wave 2 just now; nothing else in work/ is a wave's lock."""
    monkeypatch.setenv("GELOMBANG_DEADLINE_HOURS", str(hours))
    settings.cache_clear()
    store = Store.at(tmp_path)
    for number in (1, 2):
        wave_lock.take(store, replace(WAVE, number=number), wave_lock.Holder(f"run {number}"))
    path = tmp_path / "work" / "wave-0001.lock"
    held = json.loads(path.read_text())
    since = datetime.fromisoformat(held["since"]) - timedelta(hours=2)
    path.write_text(json.dumps({**held, "since": since.isoformat()}))
    (tmp_path / "work" / "wave-0001").mkdir()
    (tmp_path / "work" / "wave-0001" / "other.lock").write_text("{}")
    if late:
        with pytest.raises(WaveLateError, match="wave-0001 by run 1") as raised:
            periodic_tasks.late_waves(str(tmp_path))
        assert "wave-0002" not in str(raised.value)
    else:
        assert periodic_tasks.late_waves(str(tmp_path))["held"] == 2
    settings.cache_clear()
