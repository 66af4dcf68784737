"""Places, order and refill, for any numbers: what holds whatever the wave."""

from __future__ import annotations

import hashlib
from fractions import Fraction
from math import floor
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain import contracts
from pipeline.domain.draw_hash import define_draw
from pipeline.draw.draw import draw, next_round
from pipeline.draw.seats import Seats, allocate
from pipeline.storage import files
from pipeline.storage.files import write_table
from pipeline.storage.paths import Store
from tests.effort import examples
from tests.spec.world import VERDICT, by_id, wave

counts = st.integers(0, 3_000)
shares = st.integers(0, 100).map(lambda n: n / 100)


@given(st.integers(1, 5_000), shares, counts, counts)
def test_places_fill_the_quota_or_seat_everyone(quota: int, share: float, priority: int, public: int):
    seats = allocate(quota, share, priority, public)
    first, second = seats.priority, seats.public
    assert 0 <= first <= priority
    assert 0 <= second <= public
    assert first + second == min(quota, priority + public)


@given(st.integers(1, 5_000), shares, counts, counts)
def test_a_tier_yields_its_share_only_when_it_cannot_fill_it(quota: int, share: float, priority: int, public: int):
    kept = floor(quota * Fraction(str(share)))
    seats = allocate(quota, share, priority, public)
    first, second = seats.priority, seats.public
    assert first >= min(kept, priority)
    assert second >= min(quota - kept, public)
    if first > kept:
        assert second == public
    if second > quota - kept:
        assert first == priority


@given(st.integers(1, 2_000), shares, counts, counts)
def test_one_place_more_takes_nobody_out(quota: int, share: float, priority: int, public: int):
    before, after = allocate(quota, share, priority, public), allocate(quota + 1, share, priority, public)
    assert after.priority >= before.priority
    assert after.public >= before.public


@pytest.mark.parametrize(("quota", "share", "kept"), [(10, 0.3, 3), (100, 0.29, 29), (1000, 0.57, 570), (3, 0.1, 0)])
def test_the_share_is_the_decimal_that_was_written(quota: int, share: float, kept: int):
    # 100 · 0.29 is 28.999… in binary; nobody should lose a place to that
    assert allocate(quota, share, quota, quota) == Seats(kept, quota - kept)


def screened(work: Path, tiers: dict[str, str]) -> None:
    """What screening leaves of a wave in which everyone is eligible, in no order: here backwards."""
    rows = [
        {
            **dict.fromkeys(contracts.SCREENED.names),
            "registration_id": id_,
            "tier": tier,
            "mask": 0,
            "warned": 0,
        }
        for id_, tier in sorted(tiers.items(), reverse=True)
    ]
    write_table(pa.Table.from_pylist(rows, schema=contracts.SCREENED), work / "screened.parquet", contracts.SCREENED)


ids = st.text(
    st.characters(min_codepoint=33, exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp")), min_size=1, max_size=12
)
people = st.dictionaries(ids, st.sampled_from(contracts.TIERS), min_size=1, max_size=40)


@examples(12)
@given(people)
def test_the_order_is_that_of_hashlib_for_any_ids(tiers: dict[str, str]):
    this = wave(3, seed="seed", quota=5)
    with TemporaryDirectory() as root:
        work = Store.at(root).work(this)
        screened(work, tiers)
        found = draw(Store.at(root), this)
        drawn = by_id(work / "drawn.parquet")
        wanted = sorted(tiers, key=lambda i: (tiers[i], hashlib.sha256(f"seed:{i}".encode()).hexdigest(), i))
        assert list(drawn) == wanted
        assert [row["position"] for row in drawn.values()] == list(range(1, len(tiers) + 1))
        published = "".join(f"{id_}\n" for id_ in sorted(tiers, key=str.encode)).encode()
        assert (work / "eligible.txt").read_bytes() == published
        assert found.list_sha256 == hashlib.sha256(published).hexdigest()


@pytest.mark.parametrize("seed", ["2020", "it's", "{closing_day}", "{registrations}", "{seed}'"])
def test_any_seed_reaches_the_draw_as_it_was_typed(seed: str):
    with duckdb.connect() as db:
        define_draw(db, wave(12, seed=seed))
        [(place,)] = db.execute("SELECT draw_of('R1')").fetchall()
    assert place == hashlib.sha256(f"{seed}:R1".encode()).hexdigest()


@examples(20)
@given(
    st.dictionaries(
        st.integers(1, 60).map("R{:02d}".format), st.sampled_from(contracts.TIERS), min_size=1, max_size=40
    ),
    st.integers(1, 45),
    shares,
    st.integers(0, 2**60 - 1),
)
def test_refill_verifies_no_more_than_places_are_empty_and_ends(
    tiers: dict[str, str], quota: int, share: float, fate: int
):
    """``fate``: two bits a person – passed, passed, rejected or under review."""
    this = wave(3, seed="seed", quota=quota, priority_share=share, refill=True)
    with TemporaryDirectory() as root:
        where = Store.at(root)
        screened(where.work(this), tiers)
        draw(where, this)
        drawn = by_id(where.work(this) / "drawn.parquet")
        outcome = {
            id_: ("passed", "passed", "rejected", "review")[fate >> (int(id_[1:]) % 30 * 2) & 3] for id_ in tiers
        }
        todo = [i for i, row in drawn.items() if row["to_verify"]]
        verdict_files: list[Path] = []
        verified: set[str] = set()
        assert len(todo) == min(quota, len(tiers))
        while todo:
            standing = sum(outcome[id_] == "passed" for id_ in verified)
            assert len(todo) <= quota - standing
            assert not verified & set(todo)
            verified |= set(todo)
            rows = [{"registration_id": i, **VERDICT, "outcome": outcome[i]} for i in todo]
            path = where.work(this) / "verdicts" / f"round-{len(verdict_files):04d}.parquet"
            write_table(pa.Table.from_pylist(rows, schema=contracts.VERDICTS), path, contracts.VERDICTS)
            verdict_files.append(path)
            todo = next_round(where, this, verdict_files)
        standing = sum(outcome[id_] == "passed" for id_ in verified)
        assert standing == quota or verified == set(tiers)
        for tier in contracts.TIERS:  # nobody is passed over
            line = [i in verified for i, row in drawn.items() if row["tier"] == tier]
            assert line == sorted(line, reverse=True)


def test_the_record_is_written_beside_the_list(tmp_path: Path):
    this = wave(3, seed="seed", quota=2, priority_share=0.5)
    screened(Store.at(tmp_path).work(this), {"A": "priority", "B": "public", "C": "public"})
    draw(Store.at(tmp_path), this)
    record = files.read_json(Store.at(tmp_path).work(this) / "draw.json")
    assert record["seed"] == "seed"
    assert record["places"] == {"priority": 1, "public": 1}
    assert record["list_sha256"] == hashlib.sha256(b"A\nB\nC\n").hexdigest()


def test_who_is_listed_is_published_with_its_hash_too(tmp_path: Path):
    this = wave(3, seed="seed", quota=2)
    screened(Store.at(tmp_path).work(this), {"A": "priority", "B": "public", "C": "priority"})
    found = draw(Store.at(tmp_path), this)
    assert (Store.at(tmp_path).work(this) / "priority.txt").read_bytes() == b"A\nC\n"
    assert found.priority_sha256 == hashlib.sha256(b"A\nC\n").hexdigest()
