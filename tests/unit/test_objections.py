"""`gelombang object`: taken in with evidence, decided by a second person only, answered, and handed on as a retry."""

from __future__ import annotations

import json
import re
import shutil
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.decision.photo_retries import write_retries
from pipeline.domain.contracts import COHORT, INGESTED
from pipeline.domain.contracts.published_tables import CHANGES
from pipeline.domain.errors import BadObjectionError, OwnObjectionError, UnknownApplicationError
from pipeline.ingest.reuploads import ingest_reuploads
from pipeline.inspection.person import held_about
from pipeline.record import log
from pipeline.reports.figures.objection_counts import objection_counts
from pipeline.reports.overview import write_overview
from pipeline.review import objection_letter
from pipeline.review.access_gate import CSRF, AccessGate
from pipeline.review.app import make_app
from pipeline.review.decisions import Reviewing
from pipeline.review.objections import decide, evidence_of, objections, take_in, wave_to_come_back_in
from pipeline.review.reviewers import Reviewers
from pipeline.storage.files import write_json, write_table
from pipeline.storage.paths import Store
from tests.spec.world import VERDICT, World, kk, nik, wave
from tests.unit.review_factory import picture

FIRST, NEXT = wave(3, seed="one", quota=3, selfie="after_draw"), wave(4)
FUNNEL: dict[str, Any] = {"wave": 3, "quota": 3, "registrations": 3, "steps": []}
FUNNEL |= {"ends": {"accepted": 1, "reserve": 0, "rejected": 2, "review": 0}}
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
    return take_in(
        store, FIRST, id_, name="Foto.JPG", evidence=b"a new photograph", why="the photo is recent", by=by, now=NOW
    )


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
    (store.root / one.evidence).unlink()  # as `gelombang purge` does once its period is over
    with pytest.raises(BadObjectionError, match="not there any more"):
        evidence_of(store, one)


def test_what_cannot_be_taken_in(store: Store):
    with pytest.raises(BadObjectionError, match="was accepted"):
        taken(store, "A1")
    with pytest.raises(UnknownApplicationError):
        taken(store, "X9")
    taken(store)
    with pytest.raises(BadObjectionError, match="open objection"):
        taken(store)


def test_evidence_without_a_byte_is_not_taken_in(store: Store):
    with pytest.raises(BadObjectionError, match="empty"):
        take_in(store, FIRST, "B1", name="foto.jpg", evidence=b"", why="", by="meja", now=NOW)


def published(store: Store, **change: Any) -> None:
    """A revision with one change against the run."""
    row = {**dict.fromkeys(CHANGES.schema.names), "against": "run", **change}
    folder = store.published(FIRST.key) / "rev-1"
    write_table(COHORT.empty_table(), folder / "cohort.parquet", COHORT)
    write_table(pa.Table.from_pylist([row], schema=CHANGES.schema), folder / "changes.parquet", CHANGES.schema)


@pytest.mark.parametrize(
    ("change", "told", "about"),
    [
        ({"change": "removed", "outcome": "rejected", "reasons": ["deceased"]}, None, "data"),
        ({"change": "removed", "outcome": "rejected", "reasons": ["selfie_missing"]}, None, "data"),
        ({"change": "removed", "outcome": None, "reasons": None}, None, "data"),
        ({"change": "moved"}, "was accepted", ""),
        ({"change": "removed", "against": "revision", "outcome": "rejected"}, "was accepted", ""),
    ],
)
def test_whoever_the_last_screening_takes_out_may_object(
    store: Store, change: dict[str, Any], told: str | None, about: str
):
    """Their letter says that they may."""
    published(store, registration_id="A1", **change)
    if told:
        with pytest.raises(BadObjectionError, match=told):
            taken(store, "A1")
    else:
        assert taken(store, "A1").about == about


def test_whoever_came_in_at_the_last_screening_has_nothing_to_object_to(store: Store):
    published(store, registration_id="D1", change="added")
    with pytest.raises(BadObjectionError, match="was accepted"):
        taken(store, "D1")


@pytest.mark.parametrize("by", ["meja", "Peninjau Satu"])
def test_only_a_second_person_decides(store: Store, by: str):
    log.note(store, "reviewed", 3, {"registration_id": "B1", "decision": "reject"}, "Peninjau Satu")
    taken(store)
    with pytest.raises(OwnObjectionError):
        decide(store, FIRST, "B1", accept=True, note="", by=by, now=NOW)
    found = decide(store, FIRST, "B1", accept=False, note="Foto tetap buram.", by="Peninjau Dua", now=NOW)
    assert found.decided is not None
    assert found.decided.decision == "rejected"
    answer = store.read("landing/wave-0003/objections/0001/answer.txt")
    assert answer is not None
    assert "Keputusan tetap berlaku. Foto tetap buram." in answer.decode()
    [line] = log.entries(store, 3, "objection_decided")
    assert (line.by, line.facts["decision"]) == ("Peninjau Dua", "rejected")
    with pytest.raises(BadObjectionError, match="no open objection"):
        decide(store, FIRST, "B1", accept=True, note="", by="Peninjau Dua", now=NOW)
    assert taken(store).number == 2


def test_an_accepted_photograph_comes_back_in_an_open_wave(store: Store):
    taken(store)
    with pytest.raises(BadObjectionError, match="not open now"):
        decide(store, FIRST, "B1", accept=True, note="", by="Peninjau Dua", now=NOW.replace(year=2024), into=NEXT)
    assert objections(store, FIRST)[0].decided is None
    decide(store, FIRST, "B1", accept=True, note="", by="Peninjau Dua", now=WHILE_OPEN, into=NEXT)
    assert (store.landing(NEXT, "selfies") / "objection-0003-0001.jpg").read_bytes() == b"a new photograph"
    write_table(INGESTED.empty_table(), store.work(NEXT) / "registrations.parquet", INGESTED)
    assert ingest_reuploads(store, NEXT).taken_in == 1
    [row] = pq.read_table(store.work(NEXT) / "registrations.parquet").to_pylist()
    assert (row["registration_id"], row["selfie"], row["from_wave"]) == ("B1", "objection-0003-0001.jpg", 3)


def test_data_is_never_handed_on_as_a_photograph(store: Store):
    taken(store, "D1")
    with pytest.raises(BadObjectionError, match="hands no photograph on"):
        decide(store, FIRST, "D1", accept=True, note="", by="Peninjau Dua", now=WHILE_OPEN, into=NEXT)


def test_every_answer_is_there_in_both_languages():
    for about in ("photo", "data"):
        for accepted in (True, False):
            for handed_on in (True, False):
                parts = (
                    objection_letter.answer(about, "Catatan.", accepted=accepted, handed_on=handed_on)
                    .strip()
                    .split("\n\n")
                )
                assert len(parts) == 2
                assert all(part.endswith("Catatan.") for part in parts)
    assert all(set(texts) == {"id", "en"} for texts in objection_letter.texts().values())


def test_the_command(store: Store, tmp_path: Path):
    line = ["object", "3", "--data", str(store.root), "--language", "en"]
    none = CliRunner().invoke(app, [*line, "--list"])
    assert none.output.strip() == "Nobody has objected to a decision of wave 3."
    assert json.loads(CliRunner().invoke(app, [*line, "--list", "--json"]).stdout) == []
    done = CliRunner().invoke(app, [*line, "B1", "--text", "My photo is sharp.", "--why", "by phone"])
    assert done.exit_code == 0, done.exception
    assert "B1" in done.output
    listed = CliRunner().invoke(app, [*line, "--list", "--json"])
    [one] = json.loads(listed.stdout)
    assert (one["registration_id"], one["decided"]) == ("B1", None)
    assert isinstance(CliRunner().invoke(app, [*line, "D1"]).exception, BadObjectionError)
    own = CliRunner().invoke(app, [*line, "B1", "--decide", "accept"])
    assert isinstance(own.exception, OwnObjectionError)


class Chair:
    """A second person's browser."""

    def __init__(self, store: Store, name: str) -> None:
        self.gate = AccessGate(Reviewers(store.root))
        app = make_app(Reviewing(store, FIRST), [], None, self.gate)
        self.client = TestClient(app, base_url="http://127.0.0.1", follow_redirects=False)
        token = Reviewers(store.root).add(name)[0]
        assert self.client.post("/sign-in", data={"token": token}).status_code == 303

    def page(self, language: str = "en") -> str:
        return self.client.get(f"/objections?lang={language}").text

    def say(self, number: int, **answer: str) -> int:
        [secret] = re.findall(r'data-csrf="([0-9a-f]+)"', self.page())
        sent = self.client.post(f"/objection/{number}?lang=en", json=answer, headers={CSRF: secret})
        return int(sent.status_code)


def test_the_page_shows_the_evidence_and_nothing_of_the_first_decision(store: Store):
    sent: dict[str, Any] = {"by": "meja", "now": NOW}
    take_in(store, FIRST, "B1", name="photo.jpg", evidence=picture(make="Phone"), why="<b>recent</b>", **sent)
    take_in(store, FIRST, "D1", name="said.txt", evidence=b"Saya lahir 1990 <script>", why="", **sent)
    chair = Chair(store, "Orang Kedua")
    text = chair.page()
    assert "B1" in text
    assert "&lt;b&gt;recent" in text
    assert "Saya lahir 1990 &lt;script&gt;" in text
    assert not any(word in text for word in ("blur", "identity_mismatch", "rejected"))
    assert "Late." in text
    shown = chair.client.get("/objection/1/evidence")
    assert shown.headers["content-type"] == "image/jpeg"
    assert b"Phone" not in shown.content
    assert chair.client.get("/objection/2/evidence").status_code == 404
    assert "/objections?lang=en" in chair.client.get("/?lang=en").text
    assert chair.client.get("/static/objections.js").status_code == 200


def test_a_second_person_decides_on_the_page_once(store: Store):
    taken(store, by="Orang Pertama")
    assert "No objection waits for you." in Chair(store, "orang pertama").page()
    chair = Chair(store, "Orang Ketiga")
    assert chair.client.post("/objection/1?lang=en", json={"decision": "accept", "note": ""}).status_code == 403
    assert chair.say(1, decision="maybe", note="") == 422
    assert chair.say(1, decision="accept", note="Baik.") == 200
    [one] = objections(store, FIRST)
    assert one.decided is not None
    assert (one.decided.decision, one.decided.by, one.decided.into) == ("accepted", "Orang Ketiga", None)
    assert chair.say(1, decision="reject", note="") == 404


def test_the_wave_that_is_open_takes_the_photograph(store: Store):
    one = taken(store)
    assert wave_to_come_back_in(store, one, NEXT.opens) == store.calendar().wave(4)
    assert wave_to_come_back_in(store, one, NEXT.closes + timedelta(days=2)) is None
    assert wave_to_come_back_in(store, taken(store, "D1"), NEXT.opens) is None


def test_the_overview_counts_them_and_hides_few(store: Store):
    assert objection_counts(store) is None
    for number in range(1, 21):
        log.note(store, "objected", 3, {"number": number, "registration_id": "B1"})
        if number > 2:
            decision = "accepted" if number > 10 else "rejected"
            log.note(store, "objection_decided", 3, {"number": number, "decision": decision})
    assert objection_counts(store) == {"accepted": 10, "rejected": None, "open": None, "all": 20}
    write_json(FUNNEL, store.out(FIRST) / "funnel.json")
    text = write_overview(store).read_text(encoding="utf-8")
    assert "Objections to decisions" in text
    assert "Keberatan atas keputusan" in text


def test_whoever_asks_what_is_held_about_them_gets_their_objections(store: Store):
    one = taken(store)
    decide(store, FIRST, "B1", accept=False, note="Tetap.", by="Peninjau Dua", now=NOW)
    [held] = held_about(store, nik(1))["waves"]
    assert [(o["why"], o["evidence"], o["decided"]["note"]) for o in held["objections"]] == [
        ("the photo is recent", one.evidence, "Tetap.")
    ]
    assert not any(wave["objections"] for wave in held_about(store, nik(0))["waves"])
