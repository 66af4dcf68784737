"""The reviewer's page: who may see it, what it serves, and what a decision leaves behind."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from PIL import Image

from pipeline.domain import contracts, errors
from pipeline.domain.calendar import Wave
from pipeline.domain.person_names import skeleton
from pipeline.domain.settings import settings
from pipeline.ingest.reviews import ingest_reviews
from pipeline.review import audit_trail
from pipeline.review.access_gate import CSRF, AccessGate
from pipeline.review.app import make_app
from pipeline.review.cases import read_cases
from pipeline.review.decisions import Reviewing, ReviewSession
from pipeline.review.reviewers import Reviewers
from pipeline.storage.files import read_table, write_table
from pipeline.storage.paths import Store
from tests.unit import review_factory

pytestmark = pytest.mark.usefixtures("own_reviewers")


class Desk:
    """A reviewer's browser before the page of a session."""

    #: A reviewer has one token, whichever page they sign in to.
    TOKENS: ClassVar[dict[tuple[Path, str], str]] = {}

    def __init__(self, store: Store, wave: Wave, reviewer: str = "Ani", *, arrive: bool = True) -> None:
        self.store, self.wave = store, wave
        self.reviewers, reviewing = Reviewers(store.root), Reviewing(store, wave)
        self.gate = AccessGate(self.reviewers)
        known = (store.root, skeleton(reviewer))
        if known not in self.TOKENS:
            self.TOKENS[known] = self.reviewers.add(reviewer)[0]
        self.token = self.TOKENS[known]
        app = make_app(reviewing, read_cases(store, wave), review_factory.policy(), self.gate)
        self.client = TestClient(app, base_url="http://127.0.0.1", follow_redirects=False)
        self.session = reviewing.of(self.reviewers.named(self.token) or "nobody")
        if arrive:
            assert self.sign_in(self.token).status_code == 303

    def sign_in(self, token: str, **headers: str) -> Response:
        return self.client.post("/sign-in", data={"token": token}, headers=headers)

    def stranger(self) -> TestClient:
        """Another browser before the same page."""
        return TestClient(self.client.app, base_url="http://127.0.0.1", follow_redirects=False)

    def page(self, number: int, **params: Any) -> str:
        answer = self.client.get(f"/case/{number}", params={"lang": "en", **params})
        assert answer.status_code == 200
        return answer.text

    def decide(self, number: int, decision: str, note: str = "Another person.", **changes: Any) -> Response:
        shown = dict(re.findall(r'data-(selfie|reference|csrf)="([^"]*)"', self.page(number)))
        answer = {
            "decision": decision,
            "note": note,
            **{k: shown[k] or None for k in ("selfie", "reference")},
            **changes,
        }
        return self.client.post(f"/case/{number}?lang=en", json=answer, headers={CSRF: shown["csrf"]})

    @property
    def written(self) -> list[dict[str, str]]:
        with self.session.path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    @property
    def audited(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.session.trail.read_text(encoding="utf-8").splitlines()]

    def taken_in(self) -> dict[str, str]:
        """What the next run would read."""
        ingest_reviews(self.store, self.wave, second=settings().review.second)
        rows = read_table(self.store.work(self.wave) / "reviews.parquet").to_pylist()
        return {row["registration_id"]: row["decision"] for row in rows}


@pytest.fixture(autouse=True)
def _own_list(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("GELOMBANG_SECRETS", str(tmp_path_factory.mktemp("secrets")))
    settings.cache_clear()
    yield
    monkeypatch.undo()
    settings.cache_clear()


@pytest.fixture
def made(tmp_path: Path) -> tuple[Store, Wave]:
    return review_factory.make(tmp_path / "data")


@pytest.fixture
def desk(made: tuple[Store, Wave]) -> Desk:
    return Desk(*made)


@pytest.fixture
def two_must_agree(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GELOMBANG_REVIEW__SECOND", "true")
    settings.cache_clear()
    yield
    settings.cache_clear()


# --- who may see it


@pytest.mark.parametrize("path", ["/", "/case/1?lang=en", "/photo/1/selfie", "/static/review.js", "/end", "/nowhere"])
def test_nobody_sees_anything_without_a_token(made: tuple[Store, Wave], path: str):
    desk = Desk(*made, arrive=False)
    for answer in (desk.client.get(path), desk.client.get(path, params={"token": desk.token})):  # nor in the address
        assert answer.status_code == 403
        assert "set-cookie" not in answer.headers
        assert "R1" not in answer.text
        assert 'name="token"' in answer.text  # it is asked for


@pytest.mark.parametrize("token", ["", "wrong", "x" * 5000, "é"])
def test_a_wrong_token_is_refused(made: tuple[Store, Wave], token: str):
    desk = Desk(*made, arrive=False)
    answer = desk.sign_in(token)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    assert "This token is not known." in answer.text
    assert "This token is not known." not in desk.client.get("/").text  # nobody gave one


def test_the_token_becomes_a_cookie_that_scripts_cannot_read(desk: Desk):
    cookie = desk.sign_in(desk.token).headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert desk.token not in cookie
    assert desk.stranger().get("/photo/1/selfie").status_code == 403


def test_a_token_ends_with_its_days_with_the_next_and_with_its_reviewer(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    assert desk.client.get("/").status_code == 200
    token, _ = desk.reviewers.add("Ani")
    assert desk.client.get("/").status_code == 403  # whoever is signed in with the old one is out
    assert desk.sign_in(desk.token).status_code == 403
    assert desk.sign_in(token).status_code == 303
    assert desk.reviewers.remove("ANI")
    assert desk.client.get("/").status_code == 403
    path = settings().secrets / "reviewers.json"
    token, _ = desk.reviewers.add("Ani")
    assert token not in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    assert desk.sign_in(token).status_code == 303
    path.write_text(
        re.sub(r'"until": "[^"]+"', f'"until": "{datetime.now(UTC) - timedelta(seconds=1)}"', path.read_text())
    )
    assert desk.client.get("/").status_code == 403


def test_each_reviewer_decides_under_the_name_of_their_token(desk: Desk):
    """Several sign in to one page; what a browser sends besides the token names nobody."""
    token, _ = desk.reviewers.add("Budi")
    other = Desk.__new__(Desk)
    other.client = desk.stranger()
    assert other.sign_in(token).status_code == 303
    assert desk.decide(1, "accept", reviewer="Budi").status_code == 200
    assert other.decide(2, "reject", reviewer="Ani").status_code == 200
    assert [(row["reviewer"], row["registration_id"]) for row in desk.audited] == [("Ani", "R1"), ("Budi", "R2")]


@pytest.mark.parametrize("name", ["ani", "Аni", "A\u200bni".replace("\u200b", " "), "ANI "])  # the second: Cyrillic
def test_a_name_that_is_read_as_another_reviewers_gets_no_token(desk: Desk, name: str):
    with pytest.raises(errors.BadSettingError, match="read as “Ani”"):
        desk.reviewers.add(name)


HOSTS = {
    "127.0.0.1": True,
    "127.0.0.1:8765": True,
    "localhost:80": True,
    "[::1]:80": True,
    "evil.example": False,
    "127.0.0.1.evil.example": False,
    "10.0.0.1": False,
    "": False,
    "[": False,
}


@pytest.mark.parametrize("host", HOSTS)
def test_a_request_for_another_host_is_refused(desk: Desk, host: str):
    """A page elsewhere whose name was changed to this machine's address asks for its own name."""
    assert (desk.client.get("/", headers={"Host": host}).status_code == 200) == HOSTS[host]
    assert (desk.sign_in(desk.token, Host=host).status_code == 303) == HOSTS[host]


def test_nobody_is_signed_in_from_another_page(desk: Desk):
    assert desk.sign_in(desk.token, Origin="http://evil.example").status_code == 403
    assert desk.sign_in(desk.token, Origin="null").status_code == 403
    assert desk.sign_in(desk.token, Origin="http://127.0.0.1").status_code == 303


@pytest.mark.parametrize(("name", "known"), [("10.0.0.1:80", True), ("evil.example", False), ("localhost", True)])
def test_a_page_that_listens_everywhere_is_asked_for_by_an_address(desk: Desk, name: str, known: bool):
    gate = AccessGate(desk.reviewers, "0.0.0.0")
    app = make_app(Reviewing(desk.store, desk.wave), [], review_factory.policy(), gate)
    answer = TestClient(app, follow_redirects=False).post(
        "/sign-in", data={"token": desk.token}, headers={"Host": name}
    )
    assert (answer.status_code == 303) == known


def test_every_start_has_its_own_secrets(made: tuple[Store, Wave]):
    first, second = Desk(*made), Desk(*made)
    second.client.cookies = first.client.cookies
    assert second.client.get("/").status_code == 403
    assert first.gate.cookie != second.gate.cookie


@pytest.mark.parametrize("header", [{}, {CSRF: "wrong"}, {"X-Other": "x"}])
def test_a_decision_needs_the_pages_own_secret(desk: Desk, header: dict[str, str]):
    answer = {"decision": "accept", "note": "x", "selfie": None, "reference": None}
    assert desk.client.post("/case/1?lang=en", json=answer, headers=header).status_code == 403
    assert not desk.session.path.exists()


def test_the_pages_secret_without_the_cookie_is_not_enough(desk: Desk):
    stranger = desk.stranger()
    secret = re.search(r'data-csrf="([^"]*)"', desk.page(1))
    assert secret
    answer = {"decision": "accept", "note": "x", "selfie": None, "reference": None}
    assert stranger.post("/case/1?lang=en", json=answer, headers={CSRF: secret[1]}).status_code == 403


@pytest.mark.parametrize("path", ["/", "/photo/1/selfie", "/static/review.css", "/case/99?lang=en", "/docs"])
def test_nothing_is_kept_framed_or_fetched_from_elsewhere(desk: Desk, path: str):
    headers = desk.client.get(path).headers
    assert headers["cache-control"] == "no-store"
    assert headers["x-frame-options"] == "DENY"
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert not re.search(r"unsafe|http|\*|data:", policy)


def test_the_page_names_nothing_from_elsewhere_and_no_inline_script_or_style(desk: Desk):
    for lang in ("id", "en"):
        text = desk.page(1, lang=lang)
        assert not re.search(r'(src|href|action)="(?!/)', text)
        assert not re.search(r"<style|style=|<script>|\son[a-z]+=", text)


# --- what it serves


def test_a_case_shows_scores_and_reasons_and_no_number_or_path_of_a_person(desk: Desk):
    text = desk.page(1)
    for shown in ("R1", "0.75", "a match from 0.89", "0.88", "Glasses – noted", "Glasses are worn in the selfie."):
        assert shown in text
    assert text.count("<img ") == 2
    assert "3171015505900001" not in text
    assert ".jpg" not in text


def test_hidden_ears_that_came_with_a_doubt_are_shown_as_a_warning(tmp_path: Path):
    page = Desk(
        *review_factory.make(tmp_path, R1={"ears_hidden": 0.95, "glasses": 0.1, "warnings": ["ears_hidden"]})
    ).page(1)
    for shown in ("Ears hidden – noted", "The ears cannot be seen in the selfie. <code>ears_hidden</code>", "0.75"):
        assert shown in page


@pytest.mark.parametrize("card", ["agrees", "differs", "unreadable", "missing", None])
def test_the_number_is_shown_beside_a_card_to_compare_it_with_and_nowhere_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, card: str | None
):
    monkeypatch.setattr("pipeline.review.case_desk.cut_card", lambda root, relative: review_factory.picture())
    desk = Desk(*review_factory.make(tmp_path, R1={"card": card}))
    assert ("3171 0155 0590 0001" in desk.page(1)) == (card not in ("missing", None))
    assert "3171 0155 0590 0001" not in desk.page(2)
    desk.decide(1, "accept")
    assert "3171" not in str(desk.audited) + str(desk.written)
    assert "3171" not in repr(read_cases(*review_factory.make(tmp_path / "more", R1={"card": card})))


def test_a_missing_reference_is_said(desk: Desk):
    text = desk.page(2)
    assert text.count("<img ") == 1
    assert "There is no photograph." in text
    assert "the one on the KTP" in text
    assert "eyes, nose, mouth" not in text  # no reason that speaks of the photograph
    assert "eyes, nose, mouth" in desk.page(1)
    assert "not compared" in text
    assert desk.client.get("/photo/2/reference").status_code == 404


@pytest.mark.parametrize("lang", ["id", "en"])
def test_both_languages_have_every_word(desk: Desk, lang: str):
    assert f'<html lang="{lang}">' in desk.page(1, lang=lang)
    assert desk.client.get("/end", params={"lang": lang}).status_code == 200
    assert desk.client.get("/case/1", params={"lang": "fr"}).status_code == 422


def test_photographs_are_upright_and_without_what_the_camera_wrote(desk: Desk):
    path = desk.store.landing(desk.wave, "selfies") / "R1.jpg"
    path.write_bytes(review_factory.picture("black", orientation=6, make="SECRET PHONE"))
    answer = desk.client.get("/photo/1/selfie")
    assert answer.headers["content-type"] == "image/jpeg"
    assert b"SECRET" in path.read_bytes()
    assert b"SECRET" not in answer.content
    with Image.open(io.BytesIO(answer.content)) as picture:
        assert not picture.getexif()
        assert picture.size == (40, 60)
        top, bottom = picture.getpixel((20, 5)), picture.getpixel((20, 55))
    assert isinstance(top, tuple)
    assert isinstance(bottom, tuple)
    assert top > (200, 200, 200)  # the white half was on the left, and is on top
    assert bottom < (60, 60, 60)


def test_a_large_photograph_is_sent_smaller(desk: Desk):
    path = desk.store.landing(desk.wave, "selfies") / "R1.jpg"
    path.write_bytes(review_factory.picture(size=(4000, 3000)))
    with Image.open(io.BytesIO(desk.client.get("/photo/1/selfie").content)) as picture:
        assert picture.size == (1600, 1200)


@pytest.mark.parametrize("selfie", ["../../../secret.jpg", "/etc/hostname", "out.jpg", "sub/../../x.jpg", "R1.jpg\x00"])
@pytest.mark.parametrize("which", ["selfie", "reference"])
def test_no_photograph_from_outside_its_folder(tmp_path: Path, selfie: str, which: str):
    store, wave = review_factory.make(tmp_path, R1={which: selfie})
    (tmp_path / "secret.jpg").write_bytes(review_factory.picture())
    root = store.landing(wave, "selfies") if which == "selfie" else store.extract("photos")
    (root / "out.jpg").symlink_to(tmp_path / "secret.jpg")
    desk = Desk(store, wave)
    assert desk.client.get(f"/photo/1/{which}").status_code == 404
    assert "cannot be read as a photograph" in desk.page(1)


@pytest.mark.parametrize("path", ["/photo/1/..%2f..%2fcalendar.toml", "/photo/0/selfie", "/photo/4/selfie",
                                  "/photo/-1/selfie", "/static/..%2fapp.py", "/static/review.html.j2"])  # fmt: skip
def test_nothing_but_the_cases_can_be_asked_for(desk: Desk, path: str):
    assert desk.client.get(path).status_code in (404, 422)


@pytest.mark.parametrize("asked", ["2", "R2", " R2 "])
def test_a_case_is_found_by_number_or_id(desk: Desk, asked: str):
    assert desk.client.get("/find", params={"case": asked, "lang": "id"}).headers["location"] == "/case/2?lang=id"


def test_a_case_that_is_not_there_is_not_found(desk: Desk):
    answer = desk.client.get("/find", params={"case": "<b>R9", "lang": "en"})
    assert (answer.status_code, "There is no such case." in answer.text) == (404, True)


# --- what a decision leaves behind


def test_a_decision_is_written_as_the_contract_has_it(desk: Desk):
    answer = desk.decide(1, "reject", '  Another\nperson; "surely", yes. ')
    assert answer.json() == {"next": "/case/2?lang=en&saved=1"}
    [row] = desk.written
    assert list(row) == contracts.REVIEWS.names
    assert row["note"] == 'Another person; "surely", yes.'
    assert (row["registration_id"], row["decision"], row["reviewer"]) == ("R1", "reject", "Ani")
    wib = datetime.now(UTC).replace(tzinfo=None) + timedelta(hours=7)
    assert abs(datetime.fromisoformat(row["decided_at"]) - wib) < timedelta(minutes=1)
    assert re.fullmatch(r"ani-\d{8}T\d{6}-[0-9a-f]{4}\.csv", desk.session.path.name)
    assert desk.taken_in() == {"R1": "reject"}
    assert "1 of 3 decided" in desk.page(2)


def test_every_decision_has_its_line_in_the_audit(desk: Desk):
    desk.decide(1, "reject")
    desk.decide(2, "accept", "The face is the one on the card.")
    first, second = desk.audited
    photographs = {
        "selfie_sha256": desk.store.landing(desk.wave, "selfies") / "R1.jpg",
        "reference_sha256": desk.store.extract("photos") / "0" / "R1.jpg",
    }
    hashes = {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in photographs.items()}
    assert first == {"time": first["time"], "reviewer": "Ani", "registration_id": "R1", "decision": "reject", **hashes}
    assert datetime.fromisoformat(first["time"]).utcoffset() == timedelta(hours=7)
    assert (second["registration_id"], second["reference_sha256"]) == ("R2", None)
    assert "3171015505900001" not in desk.session.trail.read_text()


def test_the_audit_is_no_delivery(desk: Desk):
    desk.decide(1, "accept")
    assert ingest_reviews(desk.store, desk.wave, second=False).set_aside == 0


@pytest.mark.parametrize("note", ["", "  ", "\n"])
def test_a_decision_needs_a_reason(desk: Desk, note: str):
    assert desk.decide(1, "accept", note).status_code == 422
    assert not desk.session.path.exists()
    assert not desk.session.trail.exists()


@pytest.mark.parametrize("decision", ["maybe", "", "ACCEPT"])
def test_a_decision_is_accept_or_reject(desk: Desk, decision: str):
    assert desk.decide(1, decision).status_code == 422


def test_a_photograph_that_changed_under_the_reviewers_eyes_is_looked_at_again(desk: Desk):
    assert desk.decide(1, "accept", selfie="0" * 64).status_code == 409
    assert not desk.session.path.exists()


def test_a_formula_in_a_note_stays_text(desk: Desk):
    desk.decide(1, "reject", '=HYPERLINK("x")')
    assert desk.written[0]["note"] == """'=HYPERLINK("x")"""


def test_a_reviewer_corrects_himself(desk: Desk):
    desk.decide(1, "reject")
    desk.decide(1, "accept", "The same person after all.")
    assert [row["decision"] for row in desk.written] == ["reject", "accept"]
    assert len(desk.audited) == 2
    assert desk.taken_in() == {"R1": "accept"}
    text = desk.page(1)
    assert "Your decision: accepted. The same person after all." in text
    assert "You can change it" in text


def test_a_correction_counts_in_a_later_sitting_and_against_a_clock_that_is_ahead(made: tuple[Store, Wave]):
    folder = made[0].landing(made[1], "reviews")
    folder.mkdir(parents=True)
    (folder / "budi.csv").write_text(f"{','.join(contracts.REVIEWS.names)}\nR1,reject,Budi,2190-01-01 00:00:00,\n")
    desk = Desk(*made)
    assert "Decided by Budi: rejected." in desk.page(1)
    desk.decide(1, "accept")
    assert desk.taken_in() == {"R1": "accept"}
    assert desk.written[0]["decided_at"] == "2190-01-01 00:00:00.000001"


def test_the_page_leads_from_one_undecided_case_to_the_next_and_ends(desk: Desk):
    assert desk.decide(2, "accept").json()["next"] == "/case/3?lang=en&saved=2"
    assert desk.decide(3, "accept").json()["next"] == "/case/1?lang=en&saved=3"
    assert desk.decide(1, "reject").json()["next"] == "/end?lang=en&saved=1"
    end = desk.client.get("/end?lang=en&saved=1").text
    assert "Saved: case 1 rejected." in end
    assert "Nothing is waiting for you any more." in end
    assert "3 of 3 decided" in end


def test_what_another_reviewer_decided_is_not_asked_again(made: tuple[Store, Wave]):
    first, second = Desk(*made), Desk(*made, reviewer="Budi")
    first.decide(1, "accept")
    text = second.client.get("/?lang=en").text
    assert "case 2 of 3" in text
    assert "Decided by Ani: accepted." in second.page(1)


def test_when_the_disk_is_full_nothing_counts_and_the_reviewer_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    desk.decide(1, "accept")

    def full(*_: object) -> None:
        raise errors.DiskFullError("No room left.")

    with monkeypatch.context() as patch:
        patch.setattr("pipeline.storage.files.write_text", full)
        answer = desk.decide(2, "reject")
    assert (answer.status_code, answer.json()["problem"]) == (500, "failed")
    assert [line.get("saved", True) for line in desk.audited] == [True, True, False]
    assert desk.taken_in() == {"R1": "accept"}
    desk.decide(3, "reject")
    assert desk.taken_in() == {"R1": "accept", "R3": "reject"}


def test_an_audit_line_is_whole_or_not_there(tmp_path: Path):
    path = tmp_path / "trail.jsonl"
    audit_trail.append(path, {"n": 1})
    with pytest.raises(TypeError):
        audit_trail.append(path, {"n": object()})
    audit_trail.append(path, {"n": 2})
    assert [json.loads(line) for line in path.read_text().splitlines()] == [{"n": 1}, {"n": 2}]


def test_no_audit_line_no_decision(desk: Desk):
    desk.session.trail.parent.mkdir(parents=True)
    desk.session.trail.mkdir()  # nothing can be appended to a folder
    with pytest.raises(IsADirectoryError):
        desk.decide(1, "accept")
    assert not desk.session.path.exists()


@pytest.mark.parametrize("name", ["", " ", "a,b", "=cmd", "a/b", "a\nb,c", "x" * 61, "-a"])
def test_a_name_that_could_not_stand_in_a_file_is_refused(made: tuple[Store, Wave], name: str):
    with pytest.raises(errors.BadSettingError):
        ReviewSession(*made, name)


# --- two must agree


def test_a_second_reviewer_is_asked_without_hearing_the_first(made: tuple[Store, Wave], two_must_agree: None):
    ani, budi = Desk(*made), Desk(*made, reviewer="Budi")
    ani.decide(1, "accept", "The same person.")
    assert "Waiting for a second reviewer." in ani.page(1)
    text = budi.client.get("/?lang=en").text
    assert "case 1 of 3" in text
    assert "Ani" not in text
    assert "accepted" not in text
    assert ani.taken_in() == {}
    budi.decide(1, "accept")
    assert "Counts: accepted (Ani, Budi)." in ani.page(1)
    assert "1 of 3 decided by two reviewers; 1 by you" in ani.page(2)
    assert ani.taken_in() == {"R1": "accept"}


def test_a_disagreement_is_open_to_a_third(made: tuple[Store, Wave], two_must_agree: None):
    ani, budi, citra = (Desk(*made, reviewer=name) for name in ("Ani", "Budi", "Citra"))
    ani.decide(1, "accept")
    budi.decide(1, "reject")
    assert "The reviewers disagree" in ani.page(1)
    assert "The reviewers disagree" in citra.client.get("/?lang=en").text
    assert budi.client.get("/?lang=en").text.count("case 2 of 3") == 1  # who has spoken is not asked again
    assert ani.taken_in() == {}
    citra.decide(1, "reject")
    assert ani.taken_in() == {"R1": "reject"}


def test_one_reviewer_twice_is_one_reviewer(made: tuple[Store, Wave], two_must_agree: None):
    Desk(*made).decide(1, "accept")
    again = Desk(*made, reviewer=" ani ")
    again.decide(1, "accept")
    assert again.taken_in() == {}


# --- after the next run


def test_a_case_that_a_run_took_in_can_still_be_corrected(made: tuple[Store, Wave]):
    store, wave = made
    out, work = store.out(wave), store.work(wave)
    rows = read_table(out / "review.parquet").to_pylist()
    taken, left = rows[0], rows[1:]
    write_table(pa.Table.from_pylist(left, contracts.REVIEW), out / "review.parquet", contracts.REVIEW)
    decided = read_table(out / "decisions.parquet").to_pylist()
    decided[0] |= {"outcome": "accepted", "reviewed": True}
    write_table(pa.Table.from_pylist(decided, contracts.DECISIONS), out / "decisions.parquet", contracts.DECISIONS)
    assert [case.registration_id for case in read_cases(store, wave)] == ["R2", "R3"]  # the run's tables are gone
    verdict = {**taken, "outcome": "review", "warnings": [], "decision": "doubt"}
    write_table(
        pa.Table.from_pylist([verdict], contracts.VERDICTS), work / "verdicts" / "a.parquet", contracts.VERDICTS
    )
    drawn = {
        **dict.fromkeys(contracts.DRAWN.names),
        **{k: taken[k] for k in ("registration_id", "selfie", "reference")},
    }
    write_table(pa.Table.from_pylist([drawn], contracts.DRAWN), work / "drawn.parquet", contracts.DRAWN)
    cases = read_cases(store, wave)
    assert [case.registration_id for case in cases] == ["R1", "R2", "R3"]
    assert (cases[0].similarity, cases[0].scores["glasses"], cases[0].selfie) == (0.75, 0.875, "R1.jpg")
