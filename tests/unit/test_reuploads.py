"""Photo-only re-uploads: who comes back, with what, and what everybody else is told."""

from __future__ import annotations

import shutil
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv
import pytest

from pipeline.domain import contracts
from pipeline.domain.calendar import Wave
from pipeline.ingest.reuploads import ingest_reuploads, problems
from pipeline.storage.files import read_table, write_table
from pipeline.storage.paths import Store

INSIDE, LATER, OUTSIDE = "2020-04-28T10:00:00", "2020-04-29T10:00:00", "2020-05-02T10:00:00"


def wave(number: int) -> Wave:
    return Wave(number, datetime(2020, 4, 27), datetime(2020, 4, 30, 23, 59, 59), 10, "seed")


def decided(store: Store, number: int, *rows: dict[str, Any]) -> None:
    """What an earlier wave decided; those refused for the photograph alone may try again."""
    out = store.root / "waves" / wave(number).key
    full = [{"retry": "none", "reasons": [], "warnings": [], **row} for row in rows]
    write_table(pa.Table.from_pylist(full, schema=contracts.DECISIONS), out / "decisions.parquet", contracts.DECISIONS)
    again = [
        {"registration_id": r["registration_id"], "nik": r["nik"], "from_wave": r.get("from_wave"),
         "full_name": "Siti Aminah", "birth_date": date(1995, 1, 2), "email_verified": True, "phone_verified": True,
         "submitted_at": datetime(2020, 4, 12), "selfie": "old.jpg"}
        for r in full if r["retry"] == "photo"
    ]  # fmt: skip
    write_table(pa.Table.from_pylist(again, schema=contracts.RETRIES), out / "retries.parquet", contracts.RETRIES)


def refused(id_: str, nik: str, retry: str = "photo", **more: Any) -> dict[str, Any]:
    return {"registration_id": id_, "nik": nik, "outcome": "rejected", "retry": retry, **more}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Waves 1 and 2 were run; A was refused for the photograph in both, and wave 3 has one registration of its own."""
    made = Store(tmp_path)
    decided(
        made, 1,
        refused("A", "1"), refused("B", "2"), refused("C", "3", retry="none"), refused("D", "4", retry="data"),
        {"registration_id": "E", "nik": "5", "outcome": "accepted"},
        {"registration_id": "F", "nik": "6", "outcome": "reserve"},
        {"registration_id": "G", "nik": "7", "outcome": "review"},
        refused("N", "9"), refused("P", "10"), refused("Q", "10"),
    )  # fmt: skip
    decided(
        made, 2,
        refused("A", "1", from_wave=1), {"registration_id": "B", "nik": "2", "outcome": "accepted", "from_wave": 1},
        refused("B", "8"),
    )  # fmt: skip
    own = pa.Table.from_pylist([{"registration_id": "N", "nik": "99"}], schema=contracts.INGESTED)
    write_table(own, made.work(wave(3)) / "registrations.parquet", contracts.INGESTED)
    return made


def send(store: Store, *rows: tuple[str | None, int | None, str, str | None]) -> dict[tuple[str, int | None], Any]:
    """Delivers re-uploads to wave 3 and takes them in; what became of each."""
    folder = store.landing(wave(3), "reuploads")
    folder.mkdir(parents=True, exist_ok=True)
    names = ["registration_id", "from_wave", "submitted_at", "selfie"]
    pacsv.write_csv(pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows]), folder / "portal.csv")
    ingest_reuploads(store, wave(3))
    told = read_table(store.work(wave(3)) / "reuploads.parquet").to_pylist()
    return {(r["registration_id"], r["from_wave"]): r["problem"] for r in told}


@pytest.mark.parametrize(
    ("id_", "from_wave", "problem"),
    [
        # who                                        what is said
        ("A", 1, None),  # refused in 1 and again in 2: named by the wave of the application …
        ("A", 2, None),  # … or by that of the last refusal
        ("B", 1, "accepted_before"),  # the re-upload in wave 2 was accepted
        ("B", 2, "accepted_before"),
        ("C", 1, "not_photo_only"),
        ("D", 1, "not_photo_only"),
        ("E", 1, "accepted_before"),
        ("F", 1, "not_refused"),
        ("G", 1, "not_refused"),
        ("N", 1, "id_taken"),  # another application of wave 3 has this number
        ("X", 1, "unknown_application"),
        ("A", 7, "unknown_application"),
        ("A", 3, "unknown_application"),  # its own wave has decided nothing yet
        ("A", None, "wave_missing"),
    ],
)  # fmt: skip
def test_who_may_come_back(store: Store, id_: str, from_wave: int | None, problem: str | None) -> None:
    if (id_, from_wave) == ("B", 2):  # two applications of wave 2 may not share an id: leave the one that came back
        decided(store, 2, {"registration_id": "B", "nik": "2", "outcome": "accepted", "from_wave": 1})
    assert send(store, (id_, from_wave, INSIDE, "new.jpg")) == {(id_, from_wave): problem}


@pytest.mark.parametrize("around", ["'{}", "\t{}", "{}\u00a0", " '{}\0"])
def test_marks_around_a_value_are_no_part_of_it(store: Store, around: str) -> None:
    folder = store.landing(wave(3), "reuploads")
    folder.mkdir(parents=True)
    values = ",".join(map(around.format, ("A", "1", INSIDE, "new.jpg")))
    (folder / "a.csv").write_text(f"registration_id,from_wave,submitted_at,selfie\n{values}\n", encoding="utf-8")
    ingest_reuploads(store, wave(3))
    [told] = read_table(store.work(wave(3)) / "reuploads.parquet").to_pylist()
    assert (told["registration_id"], told["from_wave"], told["selfie"], told["problem"]) == ("A", 1, "new.jpg", None)


def test_a_copy_of_a_wave_beside_the_waves_is_no_wave(store: Store) -> None:
    """Such as somebody makes before a wave is run again, to compare the two."""
    shutil.copytree(store.root / "waves" / "wave-0001", store.root / "waves" / "wave-0001-before")
    sent = send(store, ("A", 1, INSIDE, "new.jpg"), ("C", 1, INSIDE, "new.jpg"))
    assert sent == {("A", 1): None, ("C", 1): "not_photo_only"}


def test_the_application_comes_back_with_its_data_untouched_and_the_new_photograph(store: Store) -> None:
    send(store, ("A", 2, INSIDE, "new.jpg"))
    rows = {r["registration_id"]: r for r in read_table(store.work(wave(3)) / "registrations.parquet").to_pylist()}
    assert set(rows) == {"A", "N"}
    back = rows["A"]
    assert (back["full_name"], back["birth_date"], back["nik"]) == ("Siti Aminah", date(1995, 1, 2), "1")
    assert (back["selfie"], back["submitted_at"], back["from_wave"]) == ("new.jpg", datetime(2020, 4, 28, 10), 1)
    assert rows["N"]["from_wave"] is None


@pytest.mark.parametrize(
    ("sent", "stands"),
    [
        ([("P", INSIDE), ("Q", LATER)], "Q"),  # two applications of one person: the later photograph
        ([("P", INSIDE), ("Q", OUTSIDE)], "P"),  # the latest inside the wave
        ([("Q", INSIDE), ("P", INSIDE)], "P"),  # at the same moment: by number
    ],
)
def test_of_several_of_one_person_the_latest_in_time_stands(store: Store, sent, stands: str) -> None:
    told = send(store, *[(id_, 1, at, "new.jpg") for id_, at in sent])
    lost = {INSIDE: "sent_again", OUTSIDE: "outside_window"}
    assert told == {(id_, 1): None if id_ == stands else lost[at] for id_, at in sent}


@pytest.mark.parametrize("at", [OUTSIDE, "2020-04-26T23:59:59", "?"])
def test_one_that_comes_late_costs_nothing_but_the_wave(store: Store, at: str) -> None:
    """Taken in, it would be refused as outside the wave, and that is no longer the photograph alone."""
    assert send(store, ("A", 1, at, "new.jpg")) == {("A", 1): "outside_window"}
    rows = read_table(store.work(wave(3)) / "registrations.parquet").to_pylist()
    assert [row["registration_id"] for row in rows] == ["N"]


def test_of_two_people_with_one_id_from_two_waves_one_comes_back(store: Store) -> None:
    decided(store, 2, refused("A", "77"), refused("R", "78"))
    told = send(store, ("A", 2, INSIDE, "new.jpg"), ("A", 1, LATER, "other.jpg"), ("R", 2, INSIDE, "r.jpg"))
    assert told == {("A", 1): None, ("A", 2): "id_taken", ("R", 2): None}
    rows = read_table(store.work(wave(3)) / "registrations.parquet").to_pylist()
    assert [(row["registration_id"], row["nik"]) for row in rows] == [("A", "1"), ("N", "99"), ("R", "78")]


@pytest.mark.parametrize(
    ("placed", "problem"),
    [
        ("SITI AMINAH", "accepted_before"),
        ("siti-aminah ", "accepted_before"),
        (None, "accepted_before"),
        ("Budi", None),
    ],
)
def test_a_place_under_the_nik_is_the_other_person_s_where_the_name_is_another(store: Store, placed, problem) -> None:
    """The register gives some NIKs to two people; what is another name here and one person there, screening refuses."""
    decided(store, 1, refused("A", nik := "3173015001900001"))
    row = {"wave": 2, "rank": 1, "registration_id": "Z", "nik": nik, "full_name": placed}
    cohort = pa.Table.from_pylist([row], schema=contracts.COHORT)
    write_table(cohort, store.published(wave(2).key) / "rev-1" / "cohort.parquet", contracts.COHORT)
    shutil.rmtree(store.root / "waves" / wave(2).key)
    assert send(store, ("A", 1, INSIDE, "new.jpg"))["A", 1] == problem


def test_two_people_who_hold_one_nik_both_come_back(store: Store) -> None:
    path = store.root / "waves" / wave(1).key / "retries.parquet"
    rows = read_table(path).to_pylist()
    other = [
        {**r, "full_name": "Budi", "birth_date": date(1990, 5, 6)} if r["registration_id"] == "Q" else r for r in rows
    ]
    write_table(pa.Table.from_pylist(other, schema=contracts.RETRIES), path, contracts.RETRIES)
    sent = send(store, ("P", 1, INSIDE, "p.jpg"), ("Q", 1, LATER, "q.jpg"))
    assert sent == {("P", 1): None, ("Q", 1): None}


def test_the_same_application_sent_twice_comes_back_once(store: Store) -> None:
    folder = store.landing(wave(3), "reuploads")
    folder.mkdir(parents=True)
    lines = ["registration_id,from_wave,submitted_at,selfie", f"A,1,{INSIDE},one.jpg", f"A,1,{LATER},two.jpg"]
    (folder / "a.csv").write_text("\n".join(lines) + "\n")
    counts = ingest_reuploads(store, wave(3))
    assert (counts.taken_in, counts.refused) == (1, {"sent_again": 1})
    rows = read_table(store.work(wave(3)) / "registrations.parquet").to_pylist()
    assert [r["selfie"] for r in rows if r["registration_id"] == "A"] == ["two.jpg"]


def test_rubbish_is_counted_and_stops_nothing(store: Store) -> None:
    folder = store.landing(wave(3), "reuploads")
    folder.mkdir(parents=True)
    (folder / "a.csv").write_text(f"registration_id,from_wave,submitted_at,selfie\n,1,{INSIDE},x.jpg\nA,one,?,\n")
    (folder / "b.parquet").write_bytes(b"no parquet")
    counts = ingest_reuploads(store, wave(3))
    assert (counts.taken_in, counts.refused, counts.set_aside) == (0, {"wave_missing": 1}, 2)


def test_a_first_wave_takes_nothing_back(tmp_path: Path) -> None:
    store = Store(tmp_path)
    write_table(contracts.INGESTED.empty_table(), store.work(wave(3)) / "registrations.parquet", contracts.INGESTED)
    assert send(store, ("A", 1, INSIDE, "new.jpg")) == {("A", 1): "unknown_application"}


def test_every_refusal_has_words_in_both_languages() -> None:
    sql = (Path(__file__).parents[2] / "pipeline" / "ingest" / "sql" / "reuploads.sql").read_text()
    assert all(f"'{code}'" in sql for code in problems())
    assert all(set(texts) == {"id", "en"} and all(texts.values()) for texts in problems().values())
