"""The audit finds what was tampered with and says where; an untouched wave is the same for it, whatever its mode."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.commands.cohort.audit import audit as command
from pipeline.domain.errors import AuditDiffersError, UnreadableFileError
from pipeline.inspection.redraw import audit
from tests.spec.world import World, kk, nik, wave

FAIL = {"outcome": "rejected", "reasons": ["blur"], "decision": "doubt"}
DOUBT = {"outcome": "review", "decision": "doubt"}
MODES = [
    {"selfie": "after_draw", "refill": False},
    {"selfie": "after_draw", "refill": True},
    {"selfie": "before_draw", "refill": False},
    {"selfie": "off", "refill": False},
]


def finished(root: Path, **changes) -> Path:
    """Forty people, every third listed, every fifth failing the selfie and every seventh under review."""
    root.mkdir(exist_ok=True)
    this, world = wave(3, **{"seed": "seed", "quota": 17, "priority_share": 0.55, **changes}), World(root)
    ids = []
    for n in range(1, 41):
        ids.append(world.apply(this, f"R{n:02d}", world.person(nik(n), kk=kk(n)), kk=kk(n)))
        if n % 3 == 0:
            world.enter("priority", nik(n), listed_by="KEMNAKER")
    world.enter("bansos", nik(40), programme="PKH", status="active")
    world.screen(this)
    world.decide(this, {**dict.fromkeys(ids[::5], FAIL), **dict.fromkeys(ids[1::7], DOUBT)}, {ids[1]: "accept"})
    return world.finish(this)


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finished(tmp_path_factory.mktemp("wave") / "data", **MODES[1])


@pytest.fixture
def folder(untouched: Path, tmp_path: Path) -> Path:
    return shutil.copytree(untouched, tmp_path / "wave")


@pytest.mark.parametrize("mode", MODES, ids=lambda m: f"{m['selfie']}-{m['refill']}")
@pytest.mark.parametrize(("quota", "share"), [(17, 0.55), (3, 1.0), (30, 0.2), (99, 1.0)])
def test_an_untouched_wave_is_the_same(tmp_path: Path, mode: dict, quota: int, share: float):
    found = audit(finished(tmp_path / "data", quota=quota, priority_share=share, **mode), {"seed": "seed"})
    assert found.differences == []
    assert found.listed == 39
    assert found.accepted > 0


def rewrite(path: Path, change: Callable[[list[dict]], list[dict]]) -> None:
    """Changes a table's rows, and the manifest with it: whoever tampers does that much."""
    table = pq.read_table(path, partitioning=None)
    pq.write_table(pa.Table.from_pylist(change(table.to_pylist()), schema=table.schema), path)
    seal(path)


def seal(path: Path) -> None:
    manifest = json.loads((path.parent / "manifest.json").read_text())
    for entry in manifest["outputs"]:
        if entry["file"] == path.name:
            entry["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    (path.parent / "manifest.json").write_text(json.dumps(manifest))


def found(folder: Path, **announced) -> list[str]:
    return [f"{d.where}: {d.what}" for d in audit(folder, announced).differences]


def test_two_ranks_swapped(folder: Path):
    def swap(rows: list[dict]) -> list[dict]:
        rows[2], rows[5] = {**rows[5], "rank": 3}, {**rows[2], "rank": 6}
        return rows

    before = pq.read_table(folder / "cohort.parquet", partitioning=None)["registration_id"].to_pylist()
    rewrite(folder / "cohort.parquet", swap)
    assert found(folder) == [
        f"cohort.parquet: row 3: {before[5]} has rank 3, the draw gives 6",
        f"cohort.parquet: row 6: {before[2]} has rank 6, the draw gives 3",
    ]


def test_a_person_added(folder: Path):
    rewrite(
        folder / "cohort.parquet", lambda rows: [*rows, {**rows[-1], "rank": len(rows) + 1, "registration_id": "R99"}]
    )
    [difference] = found(folder)
    assert "R99 has rank" in difference
    assert "the draw does not put them here" in difference


def test_a_person_put_in_another_s_place(folder: Path):
    """The one who was refused for bansos takes the last place, in every table."""
    rewrite(folder / "cohort.parquet", lambda rows: [*rows[:-1], {**rows[-1], "registration_id": "R40"}])
    for name in ("decisions",):
        rewrite(
            folder / f"{name}.parquet",
            lambda rows: [{**r, "outcome": "accepted"} if r["registration_id"] == "R40" else r for r in rows],
        )
    differences = found(folder)
    assert "decisions.parquet: R40 is accepted, and is not on the list" in differences
    assert any("is missing; the draw gives rank" in d for d in differences)


def test_two_decisions_exchanged(folder: Path):
    """Cohort and reserve are untouched; only what each applicant is told was changed."""
    rows = pq.read_table(folder / "decisions.parquet", partitioning=None).to_pylist()
    one = next(row["registration_id"] for row in rows if row["outcome"] == "accepted")
    other = next(row["registration_id"] for row in rows if row["outcome"] == "reserve")
    told = {one: "reserve", other: "accepted"}
    rewrite(
        folder / "decisions.parquet",
        lambda rows: [{**r, "outcome": told.get(r["registration_id"], r["outcome"])} for r in rows],
    )
    assert sorted(found(folder)) == sorted(
        [
            f"decisions.parquet: {one} is reserve, the draw gives accepted",
            f"decisions.parquet: {other} is accepted, the draw gives reserve",
        ]
    )


def test_a_second_decision(folder: Path):
    rewrite(folder / "decisions.parquet", lambda rows: [*rows, next(r for r in rows if r["outcome"] == "accepted")])
    [difference] = found(folder)
    assert difference.endswith("has a second decision")


def test_a_row_twice_in_the_reserve_and_another_without_a_number(folder: Path):
    rewrite(folder / "reserve.parquet", lambda rows: [*rows[:-1], {**rows[-1], "position": None}, rows[0]])
    differences = found(folder)
    assert any("the draw gives" in d and "position None" in d for d in differences)
    assert any("stands there a second time" in d for d in differences)
    assert any("is not in the order of position" in d for d in differences)


@pytest.mark.parametrize("name", ["reserve.parquet", "priority.txt"])
def test_a_file_taken_away_that_the_draw_needs(folder: Path, name: str):
    (folder / name).unlink()
    assert f"{name}: is missing: nothing can be drawn again without it" in found(folder)


def test_a_file_damaged(folder: Path):
    path = folder / "reserve.parquet"
    path.write_bytes(path.read_bytes()[:-7])
    with pytest.raises(UnreadableFileError, match=r"reserve\.parquet"):
        found(folder)


@pytest.mark.parametrize("name", ["draw.json", "manifest.json"])
@pytest.mark.parametrize("text", [None, "", "{", "[]", "3", '{"seed": "seed"}'])
def test_a_record_that_is_none_any_more_is_a_named_error(folder: Path, name: str, text: str | None):
    (folder / name).unlink()
    if text is not None:
        (folder / name).write_text(text)
    with pytest.raises(UnreadableFileError, match=name):
        audit(folder, {})


def test_a_person_added_to_the_list_as_well(folder: Path):
    path = folder / "eligible.txt"
    path.write_text("".join(sorted([*path.read_text().splitlines(keepends=True), "R40\n"])))
    seal(path)
    differences = found(folder)
    assert any(d.startswith("eligible.txt: has the hash") for d in differences)
    assert "eligible.txt: does not have the Merkle root that was published" in differences


def test_somebody_made_priority(folder: Path):
    path = folder / "priority.txt"
    path.write_text("".join(sorted([*path.read_text().splitlines(keepends=True), "R01\n"])))
    seal(path)
    assert any(d.startswith("priority.txt: has the hash") for d in found(folder))


@pytest.mark.parametrize("also", [[], ["manifest.json"]])
def test_the_seed_changed(folder: Path, also: list[str]):
    for name in ["draw.json", *also]:
        record = json.loads((folder / name).read_text())
        (folder / name).write_text(json.dumps({**record, "seed": "another"}))
    seal(folder / "draw.json")
    differences = found(folder, seed="seed")
    assert "draw.json: seed is 'another', announced was 'seed'" in differences
    assert ("manifest.json: seed is 'seed', in draw.json it is 'another'" in differences) == (not also)
    assert any(d.startswith("cohort.parquet: row 1:") for d in differences)


def test_a_table_changed_and_nothing_else(folder: Path):
    path = folder / "rejections.parquet"
    pq.write_table(pq.read_table(path, partitioning=None).slice(1), path)
    assert found(folder) == ["rejections.parquet: is not the file that the manifest describes"]


def test_a_wave_run_with_another_quota_than_announced(folder: Path):
    assert found(folder, quota=18) == ["draw.json: quota is 17, announced was 18"]


def test_a_file_taken_away(folder: Path):
    (folder / "review.parquet").unlink()
    assert found(folder) == ["review.parquet: is missing; the manifest lists it"]


def test_somebody_dropped_from_the_reserve(folder: Path):
    rewrite(folder / "reserve.parquet", lambda rows: rows[1:])
    [difference] = found(folder)
    assert difference.startswith("reserve.parquet: R")
    assert "is missing; the draw gives position" in difference


def test_the_command_says_what_it_found_in_either_language_and_to_a_program(
    tmp_path: Path, capsys: pytest.CaptureFixture
):
    finished(tmp_path / "data", **MODES[0])
    said = {}
    for language in ("id", "en"):
        with pytest.raises(AuditDiffersError):
            command(3, data=str(tmp_path / "data"), quota=18, language=language)
        said[language] = capsys.readouterr().out
    assert "  draw.json: quota adalah 17, yang diumumkan 18" in said["id"]
    assert "  draw.json: quota is 17, announced was 18" in said["en"]
    with pytest.raises(AuditDiffersError):
        command(3, data=str(tmp_path / "data"), quota=18, language="id", as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert (told["same"], told["listed"]) == (False, 39)
    quota = {"where": "draw.json", "finding": "announced", "what": "quota is 17, announced was 18"}
    assert quota in told["differences"]


def test_the_command_compares_seed_and_quota_with_the_calendar_unless_they_are_confirmed(
    tmp_path: Path, capsys: pytest.CaptureFixture
):
    """A seed that was given at the start is in the record: that alone does not make it the announced one."""
    finished(tmp_path / "data", **MODES[0], seed_source="given when the wave was started")
    with pytest.raises(AuditDiffersError):
        command(3, data=str(tmp_path / "data"), language="en")
    said = capsys.readouterr().out
    assert "seed is 'seed', announced was" in said
    assert "quota is 17, announced was" in said
    with pytest.raises(AuditDiffersError):  # the share is not the calendar's either, and nothing confirms it
        command(3, data=str(tmp_path / "data"), seed="seed", quota=17, language="en")
    said = capsys.readouterr().out
    assert "seed is" not in said
    assert "quota is" not in said
    assert "priority_share is 0.55" in said
