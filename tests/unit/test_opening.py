"""What is fixed before registration opens: once, in time, and held to by every run; and what is said of a lost key."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.domain import errors
from pipeline.domain.calendar import WIB, Wave
from pipeline.domain.settings import settings
from pipeline.draw import beacon
from pipeline.storage.paths import Store
from pipeline.wave_run import plan
from pipeline.wave_run.opening import key_as_committed, open_wave

OPENS = datetime(2027, 3, 1)
WAVE = Wave(13, OPENS, datetime(2027, 3, 4, 23, 59, 59), 50, selfie="off", beacon="drand-quicknet")
BEFORE, AFTER = (moment.replace(tzinfo=WIB) for moment in (OPENS - timedelta(seconds=1), OPENS))
KEY = "wave-0013-draw.key"


@pytest.fixture
def secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with monkeypatch.context() as patch:
        patch.setenv("GELOMBANG_SECRETS", str(tmp_path / "secrets"))
        settings.cache_clear()
        yield tmp_path / "secrets"
    settings.cache_clear()


@pytest.fixture
def store(tmp_path: Path, secrets: Path) -> Store:
    (tmp_path / "data").mkdir()
    return Store.at(tmp_path / "data")


def commitment(store: Store, number: int = 13) -> dict[str, Any]:
    return dict(json.loads((store.published(f"wave-{number:04d}") / "commitment.json").read_text()))


def test_a_wave_is_opened_once_and_again_it_is_the_same(store: Store, secrets: Path) -> None:
    record, new = open_wave(store, WAVE, BEFORE)
    before = (store.published("wave-0013") / "commitment.json").read_bytes()
    assert new
    assert record == commitment(store)
    key = (secrets / KEY).read_bytes()
    assert (len(key), stat.S_IMODE((secrets / KEY).stat().st_mode)) == (32, 0o600)
    assert record["key_sha256"] == sha256(key).hexdigest()
    assert key.hex() not in before.decode()
    assert {k: record[k] for k in ("wave", "quota", "beacon", "selfie", "round")} == {
        "wave": "wave-0013", "quota": 50, "beacon": "drand-quicknet", "selfie": "off", "round": beacon.round_of(WAVE)
    }  # fmt: skip
    assert record["round_at"] == "2027-03-06T00:00:00+07:00"
    assert record["public_key"] == beacon.CHAINS["drand-quicknet"].public_key
    assert "kk_limit" in record["rules"]
    assert open_wave(store, WAVE, AFTER) == (record, False)  # also after the window opened: nothing is new
    assert (store.published("wave-0013") / "commitment.json").read_bytes() == before
    assert key_as_committed(store, WAVE) == key


def test_two_waves_have_two_keys(store: Store, secrets: Path) -> None:
    following = replace(WAVE, number=14)
    open_wave(store, WAVE, BEFORE)
    open_wave(store, following, BEFORE)
    assert key_as_committed(store, WAVE) != key_as_committed(store, following)


def test_too_late_is_too_late_but_for_a_demonstration(store: Store, secrets: Path) -> None:
    with pytest.raises(errors.OpenedTooLateError, match="wave 13 opened at 2027-03-01 00:00:00 WIB"):
        open_wave(store, WAVE, AFTER)
    assert not store.published("wave-0013").exists()
    assert not secrets.exists()
    record, new = open_wave(store, replace(WAVE, beacon="demonstration"), AFTER)
    assert (new, record["demonstration"]) == (True, True)
    assert (secrets / "wave-0013-demonstration.key").is_file()  # a rehearsal never has the key of the wave itself


def test_a_wave_with_a_seed_has_nothing_to_open(store: Store) -> None:
    with pytest.raises(errors.BadSettingError, match="drawn by a seed"):
        open_wave(store, replace(WAVE, beacon="", seed="s"), BEFORE)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"quota": 60}, "quota is 60, committed was 50"),
        ({"beacon_after": 25.0}, "round is"),
        ({"closes": datetime(2027, 3, 5, 23, 59, 59)}, "closes is '2027-03-05T23:59:59'"),
        ({"selfie": "after_draw"}, "selfie is 'after_draw', committed was 'off'; selfie_policy_sha256 is"),
        ({"refill": True}, "refill is True"),
        ({"priority_share": 0.5}, "priority_share is 0.5"),
        ({"beacon": "demonstration"}, "beacon is 'demonstration'"),
        ({"policy": "strict"}, "policy is 'strict'"),
    ],
)
def test_other_terms_than_committed_are_refused_by_name(store: Store, change: dict[str, Any], told: str) -> None:
    open_wave(store, WAVE, BEFORE)
    changed = replace(WAVE, **change)
    with pytest.raises(errors.OpenedDifferentlyError, match="Wave 13 was opened with other terms") as refused:
        key_as_committed(store, changed)
    assert told in refused.value.message
    with pytest.raises(errors.OpenedDifferentlyError):
        open_wave(store, changed, BEFORE)


def test_a_key_that_is_lost_or_another_s_is_named(store: Store, secrets: Path) -> None:
    open_wave(store, WAVE, BEFORE)
    kept = (secrets / KEY).read_bytes()
    (secrets / KEY).write_bytes(b"k" * 32)
    with pytest.raises(errors.WrongKeyError, match="is not the key that wave 13 was opened with"):
        key_as_committed(store, WAVE)
    (secrets / KEY).unlink()
    for ask in (lambda: key_as_committed(store, WAVE), lambda: open_wave(store, WAVE, BEFORE)):
        with pytest.raises(errors.KeyLostError, match=r"wave 13, .*wave-0013-draw\.key, is not there") as lost:
            ask()
        assert "What can still be shown" in str(lost.value)
    assert not (secrets / KEY).exists()  # nobody makes another in its place
    (secrets / KEY).write_bytes(kept)
    assert key_as_committed(store, WAVE) == kept


def test_a_commitment_that_cannot_be_read_is_named(store: Store) -> None:
    open_wave(store, WAVE, BEFORE)
    (store.published("wave-0013") / "commitment.json").write_text("{")
    with pytest.raises(errors.UnreadableFileError, match=r"commitment\.json"):
        key_as_committed(store, WAVE)


CALENDAR = """
[[wave]]
number = 13
opens = {opens}T00:00:00
closes = {opens}T12:00:00
quota = 5
beacon = "drand-quicknet"
selfie = "off"
"""


def test_the_command_opens_and_says_what_it_published(store: Store, secrets: Path) -> None:
    tomorrow = datetime.now().date() + timedelta(days=2)
    (store.root / "calendar.toml").write_text(CALENDAR.format(opens=tomorrow))
    for word in ("is open", "was opened before, with the same terms"):
        said = CliRunner().invoke(app, ["open", "13", "--data", str(store.root), "--language", "en"])
        assert said.exit_code == 0, said.output
        assert f"Wave 13 {word}: 5 places, drawn by round" in said.output
    assert [path.name for path in secrets.glob("wave-*.key")] == [KEY]
    yesterday = tomorrow - timedelta(days=4)
    (store.root / "calendar.toml").write_text(CALENDAR.format(opens=yesterday).replace("= 13", "= 14"))
    said = CliRunner().invoke(app, ["open", "14", "--data", str(store.root)])
    assert isinstance(said.exception, errors.OpenedTooLateError)


def test_no_run_is_planned_of_a_wave_that_was_not_opened(store: Store) -> None:
    (store.root / "calendar.toml").write_text(CALENDAR.format(opens="2027-03-01"))
    with pytest.raises(errors.NotOpenedError, match="Wave 13 is drawn by drand-quicknet and has not been opened"):
        plan.make(str(store.root), 13, quota=None, seed=None)
    with pytest.raises(errors.SeedOfBeaconWaveError):
        plan.make(str(store.root), 13, quota=None, seed="liked better")
    assert not (store.root / "work").exists()
