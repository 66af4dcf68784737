"""Reviewers' decisions as they are delivered: which one counts, alone and where two must agree."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from pipeline.domain.calendar import Wave
from pipeline.domain.settings import settings
from pipeline.ingest.reviews import ReviewCounts, ingest_reviews
from pipeline.record import log
from pipeline.storage import files
from pipeline.storage.paths import Store

WAVE = Wave(1, datetime(2020, 4, 11), datetime(2020, 4, 16, 16), 10, "seed")
HEADER = "registration_id,decision,reviewer,decided_at,note\n"


class Reviews:
    """A data root whose reviews a test writes."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "landing" / "wave-0001" / "reviews"
        self.folder.mkdir(parents=True)
        self.store = Store.at(root)

    def csv(self, *lines: str, name: str = "a.csv") -> None:
        (self.folder / name).write_text(HEADER + "".join(f"{line}\n" for line in lines), encoding="utf-8")

    def ingest(self) -> tuple[ReviewCounts, dict[str, dict]]:
        counts = ingest_reviews(self.store, WAVE, second=settings().review.second)
        rows = files.read_table(self.store.work(WAVE) / "reviews.parquet").to_pylist()
        assert [row["registration_id"] for row in rows] == sorted({row["registration_id"] for row in rows})
        return counts, {row["registration_id"]: row for row in rows}


@pytest.fixture
def reviews(tmp_path: Path) -> Reviews:
    return Reviews(tmp_path)


@pytest.fixture
def two_must_agree(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GELOMBANG_REVIEW__SECOND", "true")
    settings.cache_clear()
    yield
    settings.cache_clear()


def test_the_latest_review_counts_and_bad_ones_are_counted(reviews: Reviews):
    reviews.csv(
        "R1,accept,ani,2020-04-17 10:00:00,ok",
        "R1,reject,budi,2020-04-18 10:00:00,other person",
        "R2,maybe,ani,2020-04-17 10:00:00,",
        ",accept,ani,2020-04-17,",
    )
    (reviews.folder / "b.csv").write_bytes(b"\xff\xff")
    (reviews.folder / "c.xls").write_bytes(b"?")
    counts, found = reviews.ingest()
    assert counts == ReviewCounts(taken_in=1, set_aside=4, unsettled=0, unrecorded=0, unsigned=2)
    assert (found["R1"]["decision"], found["R1"]["reviewer"], found["R1"]["note"]) == ("reject", "budi", "other person")


@pytest.mark.parametrize("around", ["'{}", "\t{}", "{}\u00a0", "\ufeff'{} ", " '{}\0"])
def test_marks_around_a_value_are_no_part_of_it(reviews: Reviews, around: str):
    reviews.csv(",".join(map(around.format, ("R1", "accept", "ani", "2020-04-17 10:00:00", "ok"))))
    counts, found = reviews.ingest()
    assert counts == ReviewCounts(taken_in=1, set_aside=0, unsettled=0, unrecorded=0, unsigned=1)
    expected = {"decision": "accept", "reviewer": "ani", "decided_at": datetime(2020, 4, 17, 10), "note": "ok"}
    assert found["R1"] == {"registration_id": "R1", **expected}


def test_a_folder_with_a_files_name_and_a_link_to_nowhere_are_counted(reviews: Reviews):
    reviews.csv("R1,accept,ani,2020-04-17,")
    (reviews.folder / "spark.parquet").mkdir()
    (reviews.folder / "b.csv").symlink_to("nowhere.csv")
    assert reviews.ingest()[0] == ReviewCounts(taken_in=1, set_aside=2, unsettled=0, unrecorded=0, unsigned=1)


def test_where_nothing_was_delivered_nothing_is_counted(reviews: Reviews):
    none = ReviewCounts(taken_in=0, set_aside=0, unsettled=0, unrecorded=0, unsigned=0)
    assert reviews.ingest() == (none, {})


def test_a_reviewer_corrects_himself_in_another_file(reviews: Reviews):
    reviews.csv("R1,reject,ani,2020-04-17 10:00:00,", name="z.csv")
    reviews.csv("R1,accept,ani,2020-04-17 10:00:01,")
    assert reviews.ingest()[1]["R1"]["decision"] == "accept"


def test_times_with_an_offset_stand_beside_times_of_wib(reviews: Reviews):
    reviews.csv("R1,accept,ani,2020-04-17 10:00:00,", "R1,reject,ani,2020-04-17T03:30:00Z,")  # 10:30 WIB
    _, found = reviews.ingest()
    assert (found["R1"]["decision"], found["R1"]["decided_at"]) == ("reject", datetime(2020, 4, 17, 10, 30))


@pytest.mark.parametrize("at", ["05/11/2026", "infinity", "yesterday", ""])
@pytest.mark.parametrize(("dated", "undated"), [("accept", "reject"), ("reject", "accept")])
def test_where_nobody_knows_which_of_two_was_the_last_word_neither_counts(
    reviews: Reviews, at: str, dated: str, undated: str
):
    reviews.csv(f"R1,{dated},ani,2020-04-17 10:00:00,", f"R1,{undated},budi,{at},not the same person")
    counts, found = reviews.ingest()
    assert found == {}
    assert counts == ReviewCounts(taken_in=0, set_aside=0, unsettled=1, unrecorded=0, unsigned=2)


def test_an_earlier_decision_does_not_count_in_place_of_one_in_doubt(reviews: Reviews):
    reviews.csv("R1,reject,ani,2020-04-17,", "R1,accept,budi,2020-04-18,", "R1,reject,citra,?,")
    assert reviews.ingest()[1] == {}


def test_one_without_a_readable_time_that_agrees_changes_nothing(reviews: Reviews):
    reviews.csv("R1,reject,ani,2020-04-17 10:00:00,seen", "R1,reject,budi,?,")
    counts, found = reviews.ingest()
    assert (found["R1"]["decision"], found["R1"]["reviewer"]) == ("reject", "ani")
    assert (counts.taken_in, counts.set_aside, counts.unsettled) == (1, 0, 0)


@pytest.mark.parametrize("row", ["R1,{},,,", "R1,{},,2020-04-17 10:00:00,", 'R1,{},"  ",2020-04-17 10:00:00,'])
def test_nobodys_word_neither_counts_nor_stands_against_a_reviewers(reviews: Reviews, row: str):
    reviews.csv(row.format("accept"))
    nobody = ReviewCounts(taken_in=0, set_aside=1, unsettled=0, unrecorded=0, unsigned=0)
    assert reviews.ingest() == (nobody, {})
    reviews.csv(row.format("reject"), "R1,accept,ani,2020-04-16,")
    counts, found = reviews.ingest()
    assert (found["R1"]["decision"], counts.set_aside, counts.unsigned) == ("accept", 1, 1)


def test_a_word_without_a_time_counts_where_nothing_is_said_against_it(reviews: Reviews):
    reviews.csv("R1,accept,ani,,", "R2,reject,ani,32/13/2020,")
    counts, found = reviews.ingest()
    assert {id_: row["decision"] for id_, row in found.items()} == {"R1": "accept", "R2": "reject"}
    assert (counts.taken_in, counts.set_aside) == (2, 0)


def test_a_word_without_a_time_opens_again_what_two_agreed_on(reviews: Reviews, two_must_agree: None):
    both = ("R1,accept,ani,2020-04-17 10:00:00,", "R1,accept,budi,2020-04-17 11:00:00,")
    reviews.csv(*both, "R1,reject,ani,?,")
    counts, found = reviews.ingest()
    assert (counts.taken_in, counts.set_aside, counts.unsettled, found) == (0, 0, 1, {})


def test_where_the_page_was_used_a_dropped_row_without_a_time_holds_nobody_up(reviews: Reviews):
    line(reviews, "R1", "accept", "2020-04-17 10:00:00.250000")
    reviews.csv("R1,accept,Ani,2020-04-17 10:00:00.250000,", "R1,reject,Budi,?,")
    counts, found = reviews.ingest()
    assert (found["R1"]["decision"], counts.set_aside, counts.unrecorded) == ("accept", 0, 1)


def test_what_lies_in_folders_beside_the_files_is_no_review(reviews: Reviews):
    (reviews.folder / "audit").mkdir()
    (reviews.folder / "audit" / "decisions.jsonl").write_text("{}\n")
    reviews.csv("R1,accept,ani,2020-04-17,")
    assert reviews.ingest()[0] == ReviewCounts(taken_in=1, set_aside=0, unsettled=0, unrecorded=0, unsigned=1)


@pytest.mark.parametrize(
    ("said", "decision"),
    [
        (["accept ani"], None),
        (["accept ani", "accept ani"], None),  # one reviewer twice is one reviewer
        (["accept ani", "accept Ani "], None),
        (["accept ani", "accept аni"], None),  # with a Cyrillic letter
        (["accept ani", "accept ａｎｉ"], None),
        (["accept ani", "accept budi"], "accept"),
        (["reject ani", "reject budi"], "reject"),
        (["accept ani", "reject budi"], None),  # open to a third
        (["accept ani", "reject budi", "reject citra"], "reject"),
        (["accept ani", "reject budi", "reject citra", "accept dewi"], None),
        (["accept ani", "accept budi", "reject citra"], "accept"),
        (["accept ani", "accept budi", "reject ani"], None),  # ani took hers back
        (["accept ani", "reject budi", "accept budi"], "accept"),
        (["accept ", "accept "], None),  # nobody's word
        (["accept ani", "accept "], None),
    ],
)
def test_where_two_must_agree_a_decision_counts_once_they_do(
    reviews: Reviews, two_must_agree: None, said: list[str], decision: str | None
):
    lines = [text.split(" ", 1) for text in said]
    reviews.csv(*(f'R1,{d},"{who}",2020-04-17 10:00:{n:02d},"because, {n}"' for n, (d, who) in enumerate(lines)))
    counts, found = reviews.ingest()
    assert (found["R1"]["decision"] if found else None) == decision
    named = any(who.strip() for _, who in lines)
    assert (counts.taken_in, counts.unsettled) == (int(decision is not None), int(decision is None and named))


def test_both_who_agree_are_named(reviews: Reviews, two_must_agree: None):
    reviews.csv("R1,accept,budi,2020-04-17 10:00:00,first", "R1,accept,ani,2020-04-17 11:00:00,second")
    _, found = reviews.ingest()
    assert (found["R1"]["reviewer"], found["R1"]["note"]) == ("ani, budi", "second")
    assert found["R1"]["decided_at"] == datetime(2020, 4, 17, 11)


def line(reviews: Reviews, id_: str, decision: str, at: str, reviewer: str = "Ani") -> None:
    facts = {"registration_id": id_, "decision": decision, "reviewer": reviewer, "decided_at": at}
    log.note(reviews.store, "reviewed", 1, facts, by=reviewer)


def test_delivered_files_count_and_are_told_where_nobody_used_the_page(reviews: Reviews):
    reviews.csv("R1,accept,Ani,2020-04-17 10:00:00,", "R2,maybe,Ani,2020-04-17 10:00:00,")
    line_of_another_wave = {"registration_id": "R1", "decision": "accept", "reviewer": "x", "decided_at": ""}
    log.note(reviews.store, "reviewed", 2, line_of_another_wave)
    counts, found = reviews.ingest()
    assert (counts.taken_in, counts.set_aside, counts.unrecorded, counts.unsigned) == (1, 1, 0, 1)
    assert set(found) == {"R1"}


@pytest.mark.parametrize(
    "forged",
    [
        "R2,accept,Ani,2020-04-17 10:00:00,",
        "R1,reject,Ani,2020-04-17 10:00:00.250000,",
        "R1,reject,Budi,2020-04-17 10:00:00.250000,",
        "R1,reject,Ani,2020-04-18 10:00:00,",
    ],
)
def test_where_the_page_was_used_a_decision_without_its_line_does_not_count(reviews: Reviews, forged: str):
    line(reviews, "R1", "accept", "2020-04-17 10:00:00.250000")
    reviews.csv("R1,accept,Ani,2020-04-17 10:00:00.250000,a note", name="page.csv")
    reviews.csv(forged, name="dropped.csv")
    counts, found = reviews.ingest()
    assert {id_: row["decision"] for id_, row in found.items()} == {"R1": "accept"}
    assert (counts.taken_in, counts.set_aside, counts.unrecorded, counts.unsigned) == (1, 0, 1, 0)


def test_the_setting_asks_for_the_line_from_the_first_decision_on(reviews: Reviews, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GELOMBANG_REVIEW__RECORDED_ONLY", "true")
    settings.cache_clear()
    try:
        reviews.csv("R1,accept,Ani,2020-04-17 10:00:00,")
        counts, found = reviews.ingest()
        assert (counts.taken_in, counts.unrecorded, found) == (0, 1, {})
    finally:
        settings.cache_clear()
