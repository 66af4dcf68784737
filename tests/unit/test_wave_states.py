"""Where a wave stands: by calendar, lock, result, record and revisions; and `gelombang status`."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.domain import contracts
from pipeline.domain.calendar import Wave
from pipeline.domain.contracts.published_tables import CHANGES
from pipeline.record import log
from pipeline.reports.language.labels import LANGUAGES, catalogue
from pipeline.reports.wave_states import STATES, WAITS, WaveState, state_sentences, wave_sentences, wave_states
from pipeline.storage import files, wave_lock
from pipeline.storage.paths import Store
from pipeline.storage.wave_lock import Holder

CALENDAR = """
[defaults]
seed_source = "fixed in a test"
[[wave]]
number = 7
opens = 2020-04-11T00:00:00
closes = 2020-04-16T16:00:00
quota = 4
"""
SEED, BEACON = 'seed = "x"\n', 'beacon = "demonstration"\n'
DURING = datetime.fromisoformat("2020-04-12T12:00:00+07:00")
BEFORE, AFTER = DURING - timedelta(days=9), DURING + timedelta(days=9)


class Root:
    """A data root with wave 7, brought on step by step."""

    def __init__(self, folder: Path, source: str = SEED) -> None:
        files.write_text(CALENDAR + source, folder / "calendar.toml")
        self.store = Store.at(folder)
        self.wave: Wave = self.store.calendar().wave(7)

    def cohort(self, path: Path, people: int) -> str:
        rows = [{**dict.fromkeys(contracts.COHORT.names), "registration_id": f"R{n}"} for n in range(people)]
        return files.sha256(files.write_table(pa.Table.from_pylist(rows, contracts.COHORT), path, contracts.COHORT))

    def hold(self) -> Root:
        wave_lock.take(self.store, self.wave, Holder("run-1"))
        return self

    def run(self, people: int = 4) -> Root:
        digest = self.cohort(self.store.out(self.wave) / "cohort.parquet", people)
        files.write_json({}, self.store.out(self.wave) / "manifest.json")
        log.note(self.store, "run_finished", 7, {"cohort_sha256": digest})
        return self

    def approve(self) -> Root:
        digest = files.sha256(self.store.out(self.wave) / "cohort.parquet")
        log.note(self.store, "approved", 7, {"cohort_sha256": digest, "decree": "SK-7"})
        return self

    def publish(self, people: int = 3, removed: int = 2, added: int = 1, number: int = 1, of: str = "") -> Root:
        folder = self.store.published(of or self.wave.key) / f"rev-{number}"
        self.cohort(folder / "cohort.parquet", people)
        gone = [("run", "removed", ["deceased"]), ("run", "removed", ["deceased", "blacklisted"]), ("run", "added", [])]
        rows = [{**dict.fromkeys(CHANGES.schema.names), "against": a, "change": c, "reasons": r} for a, c, r in gone]
        files.write_table(pa.Table.from_pylist(rows, CHANGES.schema), folder / "changes.parquet", CHANGES.schema)
        changes = {"run": {"removed": removed, "added": added, "moved": 0}}
        said = {"revision": number, "accepted": people, "decree": "SK-7", "changes": changes}
        approved = self.store.out(self.wave) / "cohort.parquet"
        said["approval"] = {"cohort_sha256": files.sha256(approved) if approved.is_file() else ""}
        files.write_json({**said, "published_at": "2020-05-02T02:00:00+00:00"}, folder / "publication.json")
        return self

    def at(self, now: datetime) -> WaveState:
        [found] = wave_states(self.store, [self.wave], now)
        return found


def committed(root: Root) -> Root:
    files.write_json({}, root.store.published(root.wave.key) / "commitment.json")
    return root


def frozen(root: Root) -> Root:
    files.write_json({}, root.store.published(root.wave.key) / "list" / "list.json")
    return root.hold()


def behind(root: Root) -> Root:
    """With a wave before it."""
    with (root.store.root / "calendar.toml").open("a") as calendar:
        days = "opens = 2020-04-01T00:00:00\ncloses = 2020-04-04T16:00:00"
        calendar.write(f"[[wave]]\nnumber = 6\n{days}\nquota = 4\n{SEED}")
    return root


def prepared(root: Root) -> Root:
    """With a run whose starter did not wait."""
    log.note(root.store, "run_prepared", 7, {"run": "run-1", "quota": 4})
    return root.hold()


def delivered(root: Root) -> Root:
    files.write_json({}, root.store.root / "landing" / root.wave.key / "beacon.json")
    return root


@pytest.mark.parametrize(
    ("source", "bring", "now", "state", "waits"),
    [
        (SEED, lambda root: root, BEFORE, "announced", "registration"),
        (BEACON, lambda root: root, BEFORE, "announced", "opening"),
        (BEACON, committed, BEFORE, "announced", "registration"),
        (SEED, lambda root: root, DURING, "open", "end"),
        (SEED, lambda root: root, AFTER, "closed", "run"),
        (SEED, Root.hold, AFTER, "running", "task"),
        (SEED, lambda root: behind(root).hold(), AFTER, "queued", "before"),
        (SEED, lambda root: prepared(behind(root)), AFTER, "running", "task"),
        (SEED, lambda root: behind(root).publish(of="wave-0006").hold(), AFTER, "running", "task"),
        (BEACON, frozen, AFTER, "awaits_beacon", "beacon"),
        (BEACON, lambda root: delivered(frozen(root)), AFTER, "running", "task"),
        (SEED, Root.run, AFTER, "provisional", "approval"),
        (SEED, lambda root: root.run().hold(), AFTER, "provisional", "approval"),
        (SEED, lambda root: root.run().approve(), AFTER, "approved", "publication"),
        (SEED, lambda root: root.run().approve().run(5), AFTER, "provisional", "approval"),
        (SEED, lambda root: root.run().approve().publish(), AFTER, "published", "nothing"),
        (SEED, lambda root: root.run().approve().publish().run(5), AFTER, "published", "again"),
        # an approval is noted before its publication, which may be refused; and an older result may come back
        (SEED, lambda root: root.run().approve().publish().run(5).approve(), AFTER, "published", "again"),
        (
            SEED,
            lambda root: root.run().approve().publish().run(5).approve().publish(number=2).run(),
            AFTER,
            "published",
            "again",
        ),
        # a second run has the wave: what it waits for is said, and not what the first one waited for
        (SEED, lambda root: prepared(root.run()), AFTER, "running", "task"),
        (SEED, lambda root: prepared(root.run().approve()), AFTER, "running", "task"),
        (SEED, lambda root: prepared(root.run().approve()).run(), AFTER, "provisional", "approval"),
        (SEED, lambda root: prepared(root.run().approve()).run().approve(), AFTER, "approved", "publication"),
        (SEED, lambda root: prepared(root.run().approve().publish()), AFTER, "published", "task"),
        (SEED, lambda root: prepared(root.run().approve().publish()).run(), AFTER, "published", "again"),
        (
            SEED,
            lambda root: prepared(root.run().approve().publish()).run().approve(),
            AFTER,
            "published",
            "publication",
        ),
    ],
)
def test_each_step_has_its_state_and_what_it_waits_for(
    tmp_path: Path, source: str, bring: Any, now: datetime, state: str, waits: str
):
    found = bring(Root(tmp_path, source)).at(now)
    assert (found.state, found.waits_for) == (state, waits)
    assert bool(found.held_by) == (tmp_path / "work" / "wave-0007.lock").exists()


def test_a_publication_says_what_changed_and_why(tmp_path: Path):
    found = Root(tmp_path).run().approve().publish().publish(number=2).at(AFTER).published
    assert found is not None
    assert (found.revision, found.of_run, found.accepted, found.removed, found.added) == (2, 4, 3, 2, 1)
    assert found.reasons == {"deceased": 2, "blacklisted": 1}
    assert found.decree == "SK-7"


def test_a_newer_result_says_that_it_is_not_published_and_what_to_do(tmp_path: Path):
    root = Root(tmp_path).run().approve().publish()
    assert wave_sentences(root.store, root.wave, "en") == state_sentences(root.at(AFTER).published, "en")
    *before, newer = wave_sentences(root.run(5).store, root.wave, "en")
    assert before == state_sentences(root.at(AFTER).published, "en")
    assert "not published" in newer
    assert "gelombang publish 7 --decree" in newer


def test_every_state_and_wait_has_its_words_in_both_languages():
    for key in [f"standing.{s}" for s in STATES] + [f"standing.waits_{w}" for w in WAITS]:
        assert set(catalogue()[key]) == set(LANGUAGES)


def test_status_tells_one_line_a_wave(tmp_path: Path):
    root = Root(tmp_path).run().approve().publish().hold()
    files.write_json({}, tmp_path / "landing" / "wave-0007" / "simulated.json")
    asked = ["status", "--data", str(tmp_path)]
    shown = CliRunner().invoke(app, [*asked, "--language", "en"])
    assert shown.exit_code == 0, shown.output
    for said in ("published rev-1 · simulated", "4 → 3", "run-1"):
        assert said in shown.output
    assert "diterbitkan rev-1" in CliRunner().invoke(app, [*asked, "--language", "id"]).output
    [one] = json.loads(CliRunner().invoke(app, [*asked, "--json"]).stdout)
    assert (one["wave"], one["state"], one["simulated"], one["held_by"]) == (7, "published", True, "run-1")
    assert one["published"]["reasons"] == {"deceased": 2, "blacklisted": 1}
    assert one["bytes"] > 0
    assert root.store.root == tmp_path
    root.run(5)
    assert "3 (newer: 5)" in CliRunner().invoke(app, [*asked, "--language", "en"]).output


def test_status_has_one_row_for_old_waves_of_which_nothing_ever_came(tmp_path: Path):
    Root(tmp_path)
    day = "2020-05-{n:02d}T{hour}:00:00"
    one = f"[[wave]]\nnumber = {{n}}\nopens = {day}\ncloses = {day}\nquota = 4\n{SEED}".replace("{hour}", "08", 1)
    waves = "".join(one.format(n=n, hour="16") for n in range(8, 13))
    with (tmp_path / "calendar.toml").open("a") as calendar:
        calendar.write(waves)
    (tmp_path / "landing" / "wave-0010").mkdir(parents=True)
    shown = CliRunner().invoke(app, ["status", "--data", str(tmp_path), "--language", "en"])
    first = [line.split()[1] for line in shown.output.splitlines() if line.startswith("│")]
    assert first == ["7–9", "10", "11", "12"], shown.output
    assert max(map(len, shown.output.splitlines())) <= 80
    asked = ["status", "--data", str(tmp_path), "--json"]
    assert len(json.loads(CliRunner().invoke(app, asked).stdout)) == 6
