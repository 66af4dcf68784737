"""`gelombang object`: taken in with evidence, decided by a second person only, answered, and handed on as a retry."""

from __future__ import annotations

import json
import shutil
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.decision.photo_retries import write_retries
from pipeline.domain.contracts import INGESTED
from pipeline.domain.errors import BadObjectionError, OwnObjectionError, UnknownApplicationError
from pipeline.ingest.reuploads import ingest_reuploads
from pipeline.record import log
from pipeline.review import objection_letter
from pipeline.review.objections import decide, evidence_of, objections, take_in
from pipeline.storage.files import write_table
from pipeline.storage.paths import Store
from tests.spec.world import VERDICT, World, kk, nik, wave

FIRST, NEXT = wave(3, seed="one", quota=3, selfie="after_draw"), wave(4)
NOW, WHILE_OPEN = datetime(2020, 5, 2, 9), NEXT.closes
FAIL: dict[str, Any] = {**VERDICT, "outcome": "rejected", "reasons": ["blur"], "decision": "doubt", "similarity": 0.5}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """B1 was refused for the photograph, D1 for the birth date, A1 has a place."""
    world = World(tmp_path_factory.mktemp("objections") / "data")
    world.root.mkdir()
    for n, id_ in enumerate(("A1", "B1", "D1")):
        world.person(nik(n), kk=kk(n))
        born = date(1991, 1, 1) if id_ == "D1" else date(1990, 5, 15)
        world.apply(FIRST, id_, nik(n), kk=kk(n), birth_date=born)
    world.screen(FIRST)
    world.decide(FIRST, {"B1": FAIL})
    out = world.finish(FIRST)
    retries = [row for row in world.applications if row["registration_id"] == "B1"]
    assert write_retries(Store.at(world.root), FIRST) == len(retries)
    shutil.copy(world.work(FIRST) / "out" / "retries.parquet", out)
    return world.root


@pytest.fixture
def store(made: Path, tmp_path: Path) -> Store:
    return Store.at(shutil.copytree(made, tmp_path / "data"))


def taken(store: Store, id_: str = "B1", by: str = "meja") -> Any:
    return take_in(store, FIRST, id_, "Foto.JPG", b"a new photograph", "the photo is recent", by, NOW)


def test_it_is_kept_with_its_evidence_its_deadline_and_a_line_in_the_record(store: Store):
    one = taken(store)
    assert (one.number, one.about, one.deadline, one.decided) == (1, "photo", "2020-05-16", None)
    assert taken(store, "D1").about == "data"
    assert objections(store, FIRST)[0] == one
    assert evidence_of(store, one) == b"a new photograph"
    assert not one.late(date(2020, 5, 16))
    assert one.late(date(2020, 5, 17))
    [first, _] = log.entries(store, 3, "objected")
    assert (first.by, first.facts["registration_id"], first.facts["why"]) == ("meja", "B1", "the photo is recent")
    (store.root / one.evidence).write_bytes(b"another")
    with pytest.raises(BadObjectionError, match="not the one"):
        evidence_of(store, one)


def test_what_cannot_be_taken_in(store: Store):
    with pytest.raises(BadObjectionError, match="was accepted"):
        taken(store, "A1")
    with pytest.raises(UnknownApplicationError):
        taken(store, "X9")
    taken(store)
    with pytest.raises(BadObjectionError, match="open objection"):
        taken(store)


@pytest.mark.parametrize("by", ["meja", "Peninjau Satu"])
def test_only_a_second_person_decides(store: Store, by: str):
    log.note(store, "reviewed", 3, {"registration_id": "B1", "decision": "reject"}, "Peninjau Satu")
    taken(store)
    with pytest.raises(OwnObjectionError):
        decide(store, FIRST, "B1", True, "", by, NOW)
    found = decide(store, FIRST, "B1", False, "Foto tetap buram.", "Peninjau Dua", NOW)
    assert found.decided is not None
    assert found.decided.decision == "rejected"
    answer = store.read("landing/wave-0003/objections/0001/answer.txt")
    assert answer is not None
    assert "Keputusan tetap berlaku. Foto tetap buram." in answer.decode()
    [line] = log.entries(store, 3, "objection_decided")
    assert (line.by, line.facts["decision"]) == ("Peninjau Dua", "rejected")
    with pytest.raises(BadObjectionError, match="no open objection"):
        decide(store, FIRST, "B1", True, "", "Peninjau Dua", NOW)
    assert taken(store).number == 2


def test_an_accepted_photograph_comes_back_in_an_open_wave(store: Store):
    taken(store)
    with pytest.raises(BadObjectionError, match="not open now"):
        decide(store, FIRST, "B1", True, "", "Peninjau Dua", NOW.replace(year=2024), NEXT)
    assert objections(store, FIRST)[0].decided is None
    decide(store, FIRST, "B1", True, "", "Peninjau Dua", WHILE_OPEN, NEXT)
    assert (store.landing(NEXT, "selfies") / "objection-0003-0001.jpg").read_bytes() == b"a new photograph"
    write_table(INGESTED.empty_table(), store.work(NEXT) / "registrations.parquet", INGESTED)
    assert ingest_reuploads(store, NEXT).taken_in == 1
    [row] = pq.read_table(store.work(NEXT) / "registrations.parquet").to_pylist()
    assert (row["registration_id"], row["selfie"], row["from_wave"]) == ("B1", "objection-0003-0001.jpg", 3)


def test_data_is_never_handed_on_as_a_photograph(store: Store):
    taken(store, "D1")
    with pytest.raises(BadObjectionError, match="hands no photograph on"):
        decide(store, FIRST, "D1", True, "", "Peninjau Dua", WHILE_OPEN, NEXT)


def test_every_answer_is_there_in_both_languages():
    for about in ("photo", "data"):
        for accepted in (True, False):
            for handed_on in (True, False):
                parts = objection_letter.answer(about, accepted, handed_on, "Catatan.").strip().split("\n\n")
                assert len(parts) == 2
                assert all(part.endswith("Catatan.") for part in parts)
    assert all(set(texts) == {"id", "en"} for texts in objection_letter.texts().values())


def test_the_command(store: Store, tmp_path: Path):
    line = ["object", "3", "--data", str(store.root), "--language", "en"]
    done = CliRunner().invoke(app, [*line, "B1", "--text", "My photo is sharp.", "--why", "by phone"])
    assert done.exit_code == 0, done.exception
    assert "B1" in done.output
    listed = CliRunner().invoke(app, [*line, "--list", "--json"])
    [one] = json.loads(listed.stdout)
    assert (one["registration_id"], one["decided"]) == ("B1", None)
    assert isinstance(CliRunner().invoke(app, [*line, "D1"]).exception, BadObjectionError)
    own = CliRunner().invoke(app, [*line, "B1", "--decide", "accept"])
    assert isinstance(own.exception, OwnObjectionError)
