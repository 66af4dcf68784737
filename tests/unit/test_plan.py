"""A run's plan: what was settled stays settled, whatever is edited while the run is on its way."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from pipeline.domain.errors import BadSettingError, PhotographsDeletedError
from pipeline.domain.run_ref import RunRef
from pipeline.domain.settings import Settings, settings
from pipeline.record import log
from pipeline.selfie.policy import BUILT_IN, SelfiePolicy
from pipeline.storage import files
from pipeline.storage.paths import Store
from pipeline.wave_run import plan
from pipeline.wave_run.manifest import _entry, _rows_if_whole
from pipeline.wave_run.plan import Plan
from tests.spec.world import World

OWN = "policy.toml"
CALENDAR = """
[[wave]]
number = 1
opens = 2020-04-11T00:00:00
closes = 2020-04-16T16:00:00
quota = 40
seed = "one"
seed_source = "fixed in a test"
selfie_policy = "policy.toml"
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data root with a calendar, extracts, and a selfie policy of its own."""
    world = World(tmp_path)
    store = Store.at(tmp_path)
    files.write_text(CALENDAR, tmp_path / "calendar.toml")
    built_in = (BUILT_IN / f"{Settings().selfie.model}.toml").read_text(encoding="utf-8")
    files.write_text(built_in, tmp_path / OWN)
    world.person("3171010101900001")
    world.deliver(store.calendar().wave(1).closing_day)
    return tmp_path


def made(data: Path) -> Plan:
    plan.make(str(data), 1, quota=None, seed=None)
    return Plan.load(RunRef(str(data), 1))


def test_a_setting_that_is_changed_during_a_run_changes_nothing_in_it(data: Path):
    before = made(data)
    with pytest.MonkeyPatch.context() as changed:
        changed.setenv("GELOMBANG_SELFIE__MAX_BYTES", "1000")
        changed.setenv("GELOMBANG_CHECKS__FEW_ROWS", "0")
        settings.cache_clear()
        again = Plan.load(RunRef(str(data), 1))
        assert again.settings == before.settings
        assert made(data).settings.photos.max_bytes == 1000
    settings.cache_clear()


def test_a_policy_that_is_edited_during_a_run_changes_nothing_in_it(data: Path):
    before = made(data).selfie_policy()
    raw = (data / OWN).read_text(encoding="utf-8")
    match = tomllib.loads(raw)["match"]
    files.write_text(raw.replace(f"match = {match}", "match = 0.99"), data / OWN)
    again = Plan.load(RunRef(str(data), 1))
    assert again.selfie_policy() == before
    assert again.selfie_policy().digest() == before.digest()
    assert SelfiePolicy.load(data / OWN) != before


def test_a_wave_whose_photographs_were_deleted_is_not_decided_again(data: Path):
    """Everybody would fail for want of a photograph, and lose the place that was published."""
    store = Store.at(data)
    wave = store.calendar().wave(1)
    selfie = store.landing(wave, "selfies") / "a.jpg"
    files.write_text("a photograph", selfie)
    log.note(store, "deleted", 1, {"what": "work", "since": "2026-01-01"})
    before = made(data).path.read_bytes()
    log.note(store, "deleted", 1, {"what": "photographs", "since": "2026-01-01"})
    assert made(data).wave == wave  # killed in the middle, or delivered again: they are there
    selfie.unlink()
    kept = (data / "work/wave-0001/plan.json").read_bytes()
    with pytest.raises(PhotographsDeletedError, match="wave 1"):
        made(data)
    assert (data / "work/wave-0001/plan.json").read_bytes() == kept != before
    files.write_text(CALENDAR + 'selfie = "off"\n', data / "calendar.toml")
    assert made(data).wave.selfie == "off"


def test_a_policy_that_cannot_be_used_ends_a_run_before_it_begins(data: Path):
    files.write_text("match = 2", data / OWN)
    with pytest.raises(BadSettingError, match="selfie policy"):
        made(data)
    assert not (data / "work" / "wave-0001" / "plan.json").exists()


def test_a_plan_of_a_version_that_froze_no_settings_takes_those_in_force(data: Path):
    made(data)
    path = data / "work" / "wave-0001" / "plan.json"
    old = {k: v for k, v in files.read_json(path).items() if k not in ("settings", "selfie_policy")}
    files.write_json(old, path)
    run = Plan.load(RunRef(str(data), 1))
    assert run.settings.second_reviewer is False
    assert run.selfie_policy().match == SelfiePolicy.load(data / OWN).match


def test_a_delivery_that_is_damaged_is_in_the_manifest_and_stops_no_wave(tmp_path: Path):
    """It was set aside whole when the registrations were read; its rows cannot be counted."""
    damaged = tmp_path / "landing" / "portal-000.parquet"
    files.write_text("PAR1, and then it was cut off", damaged)
    entry = _entry(damaged, tmp_path, _rows_if_whole)
    assert entry == {"file": "landing/portal-000.parquet", "sha256": files.sha256(damaged), "rows": None}
