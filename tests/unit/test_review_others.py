"""A case with other applications: their selfies beside the applicant's, and in the audit trail what was looked at."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import pytest

from pipeline.domain import contracts
from tests.unit import review_factory
from tests.unit.test_review_page import Desk

pytestmark = pytest.mark.usefixtures("own_reviewers")


def other(wave: int, id_: str, selfie: str, near: float | None = 0.71, same: bool = False) -> dict[str, Any]:
    values = (wave, id_, selfie, near, same)
    return dict(zip(("wave", "registration_id", "selfie", "similarity", "same_file"), values, strict=True))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    others = [other(12, "R2", "R2.jpg"), other(3, "EARLIER", "x.jpg", None, True), other(3, "PURGED", "../gone.jpg")]
    cases = {"R1": ["same_person", "reused_photo"], "R2": ["same_person"]}
    store, wave = review_factory.make(tmp_path, cases, R1={"others": others})
    earlier = store.selfies_of(3)
    earlier.mkdir(parents=True)
    (earlier / "x.jpg").write_bytes(review_factory.picture("navy"))
    assert {field.name for field in contracts.OTHERS.value_type} == set(others[0])
    return Desk(store, wave)


def test_the_selfies_stand_side_by_side_with_number_and_wave(desk: Desk):
    page = desk.page(1)
    assert [place for place in range(3) if f"/photo/1/other/{place}" in page] == [0, 1]  # the third cannot be seen
    for shown in ("Application R2, wave 12", "Application EARLIER, wave 3", "likeness of the faces 0.71",
                  "the same picture", "Application PURGED, wave 3"):  # fmt: skip
        assert shown in page
    assert '<h2 id="others">' not in desk.page(2)
    assert desk.client.get("/photo/1/other/1").headers["content-type"] == "image/jpeg"
    for nothing in ("/photo/1/other/2", "/photo/1/other/3", "/photo/1/other/-1", "/photo/2/other/0"):
        assert desk.client.get(nothing).status_code == 404


def test_what_was_looked_at_is_in_the_audit_trail_and_must_not_have_changed(desk: Desk):
    known = re.search(r'data-others="([^"]*)"', desk.page(1))
    assert known is not None
    seen = [None if sha == "-" else sha for sha in known[1].split()]
    earlier = desk.store.selfies_of(3) / "x.jpg"
    assert seen[1:] == [hashlib.sha256(earlier.read_bytes()).hexdigest(), None]
    assert desk.decide(1, "accept", others=seen).status_code == 200
    [line] = desk.audited
    assert line["others_sha256"] == seen
    assert [(o["wave"], o["registration_id"]) for o in line["others"]] == [(12, "R2"), (3, "EARLIER"), (3, "PURGED")]
    earlier.write_bytes(review_factory.picture("black"))
    assert desk.decide(1, "reject", others=seen).status_code == 409
    assert len(desk.audited) == 1
