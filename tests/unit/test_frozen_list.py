"""The list of tickets: made as anyone with the key would, frozen once and in time, and the same for every run after."""

from __future__ import annotations

import hmac
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pipeline.domain import contracts, errors
from pipeline.domain.calendar import Wave
from pipeline.draw import beacon, frozen_list, tickets
from pipeline.draw.ticket_draw import draw_tickets, seed_of
from pipeline.storage import files
from pipeline.storage.files import write_table
from pipeline.storage.paths import Store
from tests.spec.world import KEY, by_id
from tests.unit.test_beacon import ROUNDS, wave_of

WAVE = wave_of(1000)
DUE = beacon.CHAINS["drand-quicknet"].moment_of(1000)
IN_TIME, LATE = DUE - timedelta(seconds=1), DUE
PEOPLE = [f"317101{n:010d}" for n in range(1, 41)]


def candidates(store: Store, people: list[str], wave: Wave = WAVE, **changes: Any) -> None:
    """What screening leaves: everyone eligible, every third listed, in no order."""
    rows = [
        {
            "registration_id": f"R{n:02d}", "tier": "public" if n % 3 else "priority", "person": person,
            "selfie": f"{n}.jpg", "reference": None, "kk_number": n // 2, "kk_earlier": 0, **changes,
        }
        for n, person in enumerate(people, 1)
    ]  # fmt: skip
    table = pa.Table.from_pylist(rows[::-1], schema=contracts.CANDIDATES)
    write_table(table, store.work(wave) / "candidates.parquet", contracts.CANDIDATES)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store.at(tmp_path)
    candidates(store, PEOPLE)
    return store


def freeze(
    store: Store, now: datetime = IN_TIME, wave: Wave = WAVE, deliveries: dict[str, int] | None = None
) -> frozen_list.FrozenList:
    return frozen_list.freeze(store, wave, KEY, deliveries or {}, now)


def lines(store: Store, name: str) -> list[str]:
    return (store.published(WAVE.key) / "list" / name).read_text().splitlines()


def test_tickets_are_hmacs_and_the_lists_are_their_sorted_lines(store: Store) -> None:
    made = freeze(store)
    by_hand = {f"R{n:02d}": hmac.new(KEY, p.encode(), "sha256").hexdigest() for n, p in enumerate(PEOPLE, 1)}
    assert {i: row["ticket"] for i, row in by_id(store.work(WAVE) / "tickets.parquet").items()} == by_hand
    assert tickets.ticket_of(KEY, PEOPLE[0]) == by_hand["R01"]
    assert lines(store, "eligible.txt") == sorted(by_hand.values())
    assert lines(store, "priority.txt") == sorted(by_hand[f"R{n:02d}"] for n in range(3, 41, 3))
    record = json.loads((store.published(WAVE.key) / "list" / "list.json").read_text())
    text = (store.work(WAVE) / "eligible.txt").read_bytes()
    assert (record["wave"], record["size"], record["list_sha256"]) == ("wave-0013", 40, sha256(text).hexdigest())
    assert (record["list_merkle_sha256"], record["round"]) == (made.list_merkle_sha256, 1000)


@pytest.mark.parametrize("key", [KEY, b"\xff" * 32, bytes(32)])
@pytest.mark.parametrize("person", ["3171010101010001", "3171010101010001|SITI O'NEIL ÉÑ|1990-05-15", "0" * 16])
def test_a_ticket_is_that_of_the_standard_library_for_any_key_and_person(
    tmp_path: Path, key: bytes, person: str
) -> None:
    store = Store.at(tmp_path)
    candidates(store, [person])
    frozen_list.freeze(store, WAVE, key, {}, IN_TIME)
    assert lines(store, "eligible.txt") == [hmac.new(key, person.encode(), "sha256").hexdigest()]


def test_a_list_that_is_frozen_too_late_is_refused_but_one_frozen_in_time_stays(store: Store) -> None:
    with pytest.raises(
        errors.ListTooLateError, match="Round 1000 of drand-quicknet is public since 2023-08-23 22:59:24"
    ):
        freeze(store, LATE)
    assert not (store.published(WAVE.key) / "list").exists()
    made = freeze(store, IN_TIME)
    assert freeze(store, LATE + timedelta(days=1000)) == made  # a run made again, a backfill


def test_a_demonstration_is_never_too_late(store: Store) -> None:
    wave = replace(WAVE, beacon="demonstration")
    candidates(store, PEOPLE, wave)
    assert freeze(store, LATE, wave).size == 40


def test_the_same_list_again_leaves_every_byte(store: Store) -> None:
    freeze(store)
    folder = store.published(WAVE.key) / "list"
    before = {p.name: p.read_bytes() for p in folder.iterdir()}
    candidates(store, PEOPLE)
    freeze(store, IN_TIME + timedelta(hours=1))
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == before
    assert sorted(before) == ["eligible.txt", "list.json", "priority.txt"]


@pytest.mark.parametrize(
    "changed",
    [
        {"people": PEOPLE[:-1]},
        {"people": [*PEOPLE, "3171010000000099"]},
        {"tier": "public"},
        {"kk_earlier": 1},
        {"kk_number": 7},
        {"selfie": "another.jpg"},
        {"reference": "another.jpg"},
    ],
    ids=str,
)
def test_whatever_places_depend_on_may_not_change_after_the_freeze(store: Store, changed: dict[str, Any]) -> None:
    freeze(
        store,
        deliveries={"extracts/population/asof=2023-08-20/a.parquet": 10, "landing/x.csv": 5, "landing/gone.csv": 1},
    )
    candidates(store, **{"people": PEOPLE, **changed})
    with pytest.raises(errors.ListChangedError, match=r"Wave 13 was frozen at .* with 40 on its list") as refused:
        freeze(store, deliveries={"extracts/population/asof=2023-08-22/a.parquet": 10, "landing/x.csv": 6})
    told = refused.value.message
    assert "new since: extracts/population/asof=2023-08-22/a.parquet" in told
    assert "gone since: extracts/population/asof=2023-08-20/a.parquet, landing/gone.csv" in told
    assert "another size: landing/x.csv" in told
    assert not any(person in told for person in PEOPLE)


def test_a_file_written_again_with_its_size_is_named_as_such(store: Store) -> None:
    freeze(store, deliveries={"landing/x.csv": 5})
    candidates(store, PEOPLE[:-1])
    with pytest.raises(errors.ListChangedError, match="one of them was written again"):
        freeze(store, deliveries={"landing/x.csv": 5})


def test_of_two_runs_that_freeze_at_once_one_list_stands(tmp_path: Path) -> None:
    """The same list: both go on. Another one: the other is refused."""
    stores = [Store.at(tmp_path).aside(f"run-{n}") for n in range(4)]
    for n, store in enumerate(stores):
        candidates(store, PEOPLE if n % 2 else PEOPLE[:-1])

    def one(store: Store) -> str:
        try:
            return freeze(store).list_sha256
        except errors.ListChangedError as e:
            return type(e).__name__

    with ThreadPoolExecutor(4) as pool:
        said = list(pool.map(one, stores))
    kept = json.loads((tmp_path / "published" / WAVE.key / "list" / "list.json").read_text())["list_sha256"]
    assert sorted(set(said)) == sorted({kept, "ListChangedError"})
    assert said[0] == said[2] != said[1] == said[3]
    assert not list((tmp_path / "published" / WAVE.key).glob(".list*"))


@pytest.mark.parametrize("name", ["eligible.txt", "priority.txt"])
@pytest.mark.parametrize("how", ["other", "gone"])
def test_a_frozen_list_that_is_not_its_record_s_is_two_lists(store: Store, name: str, how: str) -> None:
    freeze(store)
    path = store.published(WAVE.key) / "list" / name
    path.unlink() if how == "gone" else path.write_text("0" * 64 + "\n")
    with pytest.raises(errors.TwoListsError, match=f"published/wave-0013/list/{name} is not the list"):
        freeze(store)


def real_round() -> beacon.Beacon:
    return beacon.read(WAVE, json.dumps(ROUNDS[0]).encode())


def test_the_draw_is_that_of_anyone_who_has_list_and_round(store: Store) -> None:
    freeze(store)
    record = frozen_list.read_verified(store, WAVE)
    draw_tickets(store, WAVE, record, real_round(), 1)
    drawn = files.read_json(store.work(WAVE) / "draw.json")
    listed, first = lines(store, "eligible.txt"), set(lines(store, "priority.txt"))
    hashes = [sha256((store.work(WAVE) / n).read_bytes()).hexdigest() for n in ("eligible.txt", "priority.txt")]
    seed = sha256(f"gelombang/2:wave-0013:{hashes[0]}:{hashes[1]}:{ROUNDS[0]['randomness']}".encode()).hexdigest()
    assert (drawn["seed"], drawn["randomness"]) == (seed, ROUNDS[0]["randomness"])
    assert seed_of(WAVE, hashes[0], hashes[1], ROUNDS[0]["randomness"]) == seed
    assert (drawn["form"], drawn["round"], drawn["beacon"], drawn["demonstration"]) == (
        2,
        1000,
        "drand-quicknet",
        False,
    )
    order = sorted(listed, key=lambda t: (t not in first, sha256(f"{seed}:{t}".encode()).hexdigest()))
    rows = [
        *by_id(store.work(WAVE) / "drawn.parquet").values(),
        *by_id(store.work(WAVE) / "beyond_kk.parquet").values(),
    ]
    assert [row["ticket"] for row in sorted(rows, key=lambda row: row["position"])] == order
    assert [row["position"] for row in rows] != sorted(row["position"] for row in rows)  # some cards were full


def test_tickets_that_were_edited_after_the_freeze_are_not_drawn(store: Store) -> None:
    freeze(store)
    path = store.work(WAVE) / "tickets.parquet"
    rows = files.read_table(path).to_pylist()
    rows[0]["registration_id"], rows[1]["registration_id"] = rows[1]["registration_id"], rows[0]["registration_id"]
    write_table(pa.Table.from_pylist(rows, schema=contracts.TICKETS), path, contracts.TICKETS)
    with pytest.raises(
        errors.ListChangedError, match=r"tickets\.parquet is no longer what the frozen list was made from"
    ):
        frozen_list.read_verified(store, WAVE)
