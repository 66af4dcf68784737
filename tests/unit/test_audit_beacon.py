"""The audit of a wave with a beacon: untouched in every mode; and what was bent in list, round, seed or commitment."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from pipeline.inspection.redraw import audit
from tests.spec.world import World, kk, nik, wave
from tests.unit.test_audit import DOUBT, FAIL, MODES, rewrite, seal

FAMILY = 8  # so many of one card: from wave 12 on two of them may have a place


def finished(root: Path, **changes: Any) -> Path:
    """Forty people, eight of one family; every third listed, every fifth failing the selfie."""
    root.mkdir(exist_ok=True)
    this = wave(12, **{"seed": "", "beacon": "demonstration", "quota": 17, "priority_share": 0.55, **changes})
    world, ids = World(root), []
    for n in range(1, 41):
        card = kk(max(n, FAMILY))
        ids.append(world.apply(this, f"R{n:02d}", world.person(nik(n), kk=card), kk=card))
        if n % 3 == 0:
            world.enter("priority", nik(n), listed_by="KEMNAKER")
    world.enter("bansos", nik(40), programme="PKH", status="active")
    world.screen(this)
    world.decide(this, {**dict.fromkeys(ids[::5], FAIL), **dict.fromkeys(ids[1::7], DOUBT)}, {ids[1]: "accept"})
    record = json.loads((world.work(this) / "draw.json").read_text())
    commitment = {k: record[k] for k in ("wave", "quota", "priority_share", "selfie", "refill", "beacon", "round")}
    for path in (world.work(this) / "out" / "commitment.json", root / "published" / this.key / "commitment.json"):
        path.write_text(json.dumps(commitment))
    return world.finish(this)


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finished(tmp_path_factory.mktemp("wave") / "data", **MODES[1])


@pytest.fixture
def folder(untouched: Path, tmp_path: Path) -> Path:
    root = shutil.copytree(untouched.parents[1], tmp_path / "data")
    return root / "waves" / untouched.name


def published(folder: Path) -> Path:
    return folder.parents[1] / "published" / folder.name


def found(folder: Path, **announced: Any) -> list[str]:
    return [f"{d.where}: {d.what}" for d in audit(folder, announced, published(folder)).differences]


def change(path: Path, **values: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))
    if (path.parent / "manifest.json").is_file():
        seal(path)


@pytest.mark.parametrize("mode", MODES, ids=lambda m: f"{m['selfie']}-{m['refill']}")
@pytest.mark.parametrize(("quota", "share"), [(17, 0.55), (3, 1.0), (99, 1.0)])
def test_an_untouched_wave_is_the_same(tmp_path: Path, mode: dict, quota: int, share: float) -> None:
    folder = finished(tmp_path / "data", quota=quota, priority_share=share, **mode)
    said = audit(folder, {"quota": quota, "beacon": "demonstration"}, published(folder))
    assert said.differences == []
    assert (said.form, said.demonstration, said.listed) == (2, True, 39)
    assert said.accepted > 0


def test_the_line_moves_up_where_a_family_card_is_full(untouched: Path) -> None:
    import pyarrow.parquet as pq

    rows = pq.read_table(untouched / "decisions.parquet", partitioning=None).to_pylist()
    family = [r for r in rows if int(r["registration_id"][1:]) <= FAMILY]
    full = [r for r in family if r["reasons"] == ["kk_limit"]]
    assert len(full) == FAMILY - 2
    assert all(r["outcome"] == "rejected" and r["rank"] is None and r["ticket"] and r["position"] for r in full)
    kept = sorted(r["position"] for r in family if r not in full)
    assert max(kept) < min(r["position"] for r in full)
    assert sorted(r["position"] for r in rows if r["position"]) == list(range(1, 40))
    assert sorted(r["rank"] for r in rows if r["rank"]) == list(range(1, 18))
    [refused] = [r for r in rows if r["registration_id"] == "R40"]
    assert (refused["ticket"], refused["draw"], refused["position"]) == (None, None, None)


@pytest.mark.parametrize(
    ("bent", "told"),
    [
        ({"signature": "00" * 48}, "the signature is not that of round"),
        ({"round": 7}, "the signature is not that of round 7"),
        ({"randomness": "ab" * 32}, "randomness is abab"),
        ({"seed": "cd" * 32}, "seed is cdcd"),
        ({"beacon": "dice"}, "the beacon 'dice' is not known"),
        ({"beacon": "drand-quicknet"}, "of drand-quicknet it is False"),
        ({"demonstration": False}, "of demonstration it is True"),
        ({"quota": 18}, "quota is 18 in draw.json, committed was 17"),
    ],
)
def test_a_bent_record_is_named(folder: Path, bent: dict, told: str) -> None:
    change(folder / "draw.json", **bent)
    assert any(told in difference for difference in found(folder)), found(folder)


def test_a_record_without_its_round_is_named(folder: Path) -> None:
    record = json.loads((folder / "draw.json").read_text())
    record.pop("signature")
    (folder / "draw.json").write_text(json.dumps(record))
    seal(folder / "draw.json")
    assert "draw.json: does not say its signature" in found(folder)


def test_a_list_other_than_the_frozen_one_is_named(folder: Path) -> None:
    frozen = published(folder) / "list"
    lines = (frozen / "eligible.txt").read_bytes().splitlines(keepends=True)
    (frozen / "eligible.txt").write_bytes(b"".join(lines[1:]))
    assert found(folder) == [f"eligible.txt: is not published/{folder.name}/list/eligible.txt"]
    (frozen / "eligible.txt").unlink()
    assert found(folder) == [f"published/{folder.name}/list/eligible.txt: is missing"]


def test_a_ticket_put_on_the_list_changes_hash_root_and_seed(folder: Path) -> None:
    path = folder / "eligible.txt"
    path.write_text("".join(sorted([*path.read_text().splitlines(keepends=True), "0" * 64 + "\n"])))
    seal(path)
    said = found(folder)
    assert any("eligible.txt: has the hash" in line for line in said)
    assert any("does not have the Merkle root" in line for line in said)


def test_a_commitment_that_was_exchanged_is_named(folder: Path) -> None:
    change(published(folder) / "commitment.json", quota=18)
    assert f"commitment.json: is not published/{folder.name}/commitment.json" in found(folder)
    assert "commitment.json: quota is 17 in draw.json, committed was 18" in found(folder)
    (published(folder) / "commitment.json").unlink()
    assert any("cannot be read" in line for line in found(folder))


def test_a_winner_s_ticket_exchanged_is_named(folder: Path) -> None:
    rewrite(folder / "cohort.parquet", lambda rows: [{**rows[0], "ticket": "f" * 64}, *rows[1:]])
    said = found(folder)
    assert any("ffff" in line and "does not put them here" in line for line in said)
    assert any("is missing; the draw gives rank 1" in line for line in said)


def test_an_unknown_person_let_in_as_full_card_or_not_on_the_list(folder: Path) -> None:
    def accept(rows: list[dict]) -> list[dict]:
        return [{**r, "outcome": "accepted"} if r["registration_id"] == "R40" else r for r in rows]

    rewrite(folder / "decisions.parquet", accept)
    assert found(folder) == ["decisions.parquet: R40 is accepted, and is not on the list"]
