"""What was kept before encryption was switched on: `purge` deletes plain measurements and seals prints anew."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from typer.testing import CliRunner, Result

from pipeline.cli import app
from pipeline.domain.calendar import Wave
from pipeline.domain.contracts import COHORT
from pipeline.domain.errors import SealedFileError
from pipeline.publication import key_destruction
from pipeline.record import log
from pipeline.selfie.cache import VerdictFolder, key
from pipeline.selfie.one_against_all.prints import Look, Print, PrintFolder, record
from pipeline.selfie.verdict import Measurement
from pipeline.storage import files, wave_lock
from pipeline.storage.paths import Store
from pipeline.storage.sealed import blocks_of, key_at
from pipeline.wave_run import kept_prints
from tests.stores import memory_store, own_machine

KNOWN = key(b"selfie", b"reference", "model", "limits")
TODAY = date.today()


@contextmanager
def encryption(folder: Path, on: bool) -> Iterator[None]:
    """This machine, with encryption at rest or without."""
    variables = {"GELOMBANG_ENCRYPTION__AT_REST": str(on).lower(), "GELOMBANG_RETENTION__WORK_DAYS": "99999"}
    with own_machine(folder, **variables):
        yield


def filled(store: Store) -> Wave:
    """With encryption off: wave 3 is published, with prints of one person; measurements, and prints of a run."""
    wave = store.calendar().wave(3)
    place = {"wave": 3, "rank": 1, "registration_id": "W3-1", "nik": "3171015505900001"}
    files.write_table(pa.Table.from_pylist([place], COHORT), store.published(wave.key) / "rev-1/cohort.parquet", COHORT)
    files.write_text("{}", store.published(wave.key) / "rev-1/publication.json")
    rows = np.zeros(1, record(4))
    rows["face"] = 0.5
    kept_prints.keep(store, wave, revision=1, model="m", people=[("W3-1", "x.jpg")], prints=rows, published=TODAY)
    VerdictFolder(store.root / "work/verdict-cache", store.root, wave.key).opened().put({KNOWN: Measurement(faces=1)})
    folder = PrintFolder(store.root / "work/descriptors/wave-0003", store.root, wave.key)
    folder.log_of_this_process("m").put([Print(Look(bytes(32), np.zeros(4, np.uint64), None))])
    store.push("published/", "descriptors/", "work/")
    return wave


def purge(store: Store, *words: str) -> Result:
    return CliRunner().invoke(app, ["purge", "--language", "en", "--data", store.address, *words])


def told(store: Store) -> list[tuple[int | None, str, int]]:
    dry = purge(store, "--dry-run", "--json")
    assert dry.exit_code == 0, (dry.output, dry.exception)
    return [(row["wave"], row["what"], row["files"]) for row in json.loads(dry.stdout)]


ALL = [(None, "measurements", 1), (None, "run_prints", 1), (3, "older_prints", 1)]


@pytest.fixture(params=["folder", "store"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "folder":
        (tmp_path / "data").mkdir()
        yield str(tmp_path / "data")
    else:
        with memory_store() as url:
            yield url


def test_purge_leaves_nothing_from_before_encryption_that_outlives_the_waves_key(address: str, tmp_path: Path):
    with encryption(tmp_path, on=False):
        store = Store.at(address)
        wave = filled(store)
        assert told(store) == []
        kept = store.root / "descriptors/wave-0003/rev-1.sealed"
        with pytest.raises(SealedFileError, match="encryption is off"):
            kept_prints.seal_anew(store, kept)
    with encryption(tmp_path, on=True):
        store = Store.at(address)
        assert told(store) == ALL
        done = purge(store, "--yes")
        assert done.exit_code == 0, (done.output, done.exception)
        assert told(store) == []
        assert [name for name in store.keys("work/") if "verdict-cache" in name or "descriptors" in name] == []
        assert [(one.event, one.wave, one.facts["what"]) for one in log.entries(store)][-3:] == [
            ("deleted", None, "measurements"), ("deleted", None, "run_prints"), ("sealed_anew", 3, "older_prints")
        ]  # fmt: skip
        store.pull("descriptors/")
        [again] = kept_prints.of_earlier_waves(store, store.calendar().wave(4), TODAY)
        assert (again.people, again.prints["face"].tolist()) == ([("W3-1", "x.jpg")], [[0.5] * 4])
        with pytest.raises(SealedFileError, match="another key"):
            list(blocks_of(kept, key_at(tmp_path / "secrets", store.root)))
        # what is sealed now goes with the wave's key, and a copy of it cannot be opened
        copy = kept.read_bytes()
        cohort = store.published(wave.key) / "rev-1/cohort.parquet"
        files.write_table(files.read_table(cohort), cohort, COHORT)
        store.push("published/")
        key_destruction.destroy(store, wave, datetime.now().astimezone())
        assert not kept.exists()
        files.create_new(kept, copy)
        assert kept_prints.of_earlier_waves(store, store.calendar().wave(4), TODAY) == []


def test_it_waits_for_runs_and_goes_on_where_it_was_killed(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with encryption(tmp_path, on=False):
        wave = filled(Store.at(address))
    with encryption(tmp_path, on=True):
        store = Store.at(address)
        wave_lock.take(store, wave, wave_lock.Holder("a run"))
        assert told(store) == []
        store.remove(store.key(wave_lock.path_of(store, wave)))
        with monkeypatch.context() as patch:
            patch.setattr(kept_prints, "seal_anew", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
            assert purge(store, "--yes").exit_code != 0
        assert told(store) == ALL[2:]
        assert purge(store, "--yes").exit_code == 0
        assert told(store) == []
