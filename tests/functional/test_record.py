"""Attacks on a finished wave with an operator's rights: each is refused by `publish` or named by `audit`."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.storage.files import read_json, sha256, write_json
from tests.functional.conftest import WAVE, Finished, copy_root, gelombang, run
from tests.laid_out import with_another_mode, without_a_place

KEY = f"wave-{WAVE:04d}"


@pytest.fixture(scope="module")
def published(finished: Finished, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The finished wave, published once; no test changes it."""
    data = copy_root(finished.data, tmp_path_factory.mktemp("published") / "data")
    done = gelombang("publish", str(WAVE), "--decree", "SK-1", "--data", data)
    assert done.code == 0, done.text
    return data


@pytest.fixture
def data(finished: Finished, tmp_path: Path) -> Path:
    return copy_root(finished.data, tmp_path / "data")


def replace_file(path: Path, table: pa.Table) -> None:
    """A file of a copied root may be a hard link: it is replaced, not written into."""
    path.unlink()
    pq.write_table(table, path)


def edited(path: Path, **columns: str) -> None:
    """Gives the first row of a table other values."""
    table = pq.read_table(path, partitioning=None)
    rows = table.to_pylist()
    rows[0] |= columns
    replace_file(path, pa.Table.from_pylist(rows, table.schema))


def audit(data: Path) -> tuple[int, str]:
    done = gelombang("audit", str(WAVE), "--language", "en", "--data", data)
    return done.code, done.text


def test_an_untouched_wave_is_the_same_before_and_after_publication(finished: Finished, published: Path):
    assert audit(finished.data)[0] == 0, audit(finished.data)[1]
    assert audit(published)[0] == 0, audit(published)[1]


def test_the_history_tells_what_happened(published: Path):
    told = gelombang("history", str(WAVE), "--data", published, "--language", "en").text
    order = [
        "Started",
        "delivered files",
        "list of the draw",
        "Verdicts",
        "Finished",
        "approved",
        "Published, revision 1",
    ]
    assert [told.index(words) for words in order] == sorted(told.index(words) for words in order)
    assert "Given by hand" not in told
    read = json.loads(gelombang("history", str(WAVE), "--data", published, "--json").text)
    assert [entry["number"] for entry in read] == list(range(1, len(read) + 1))
    cohort = pq.read_table(published / "waves" / KEY / "cohort.parquet", partitioning=None).to_pylist()
    everything = "".join(path.read_text() for path in (published / "record").iterdir())
    assert not [row for row in cohort if row["nik"] in everything or row["full_name"] in everything]


def test_everything_that_was_written_is_its_owners_alone(published: Path):
    written = [path for path in published.rglob("*") if not {"landing", "extracts"} & set(path.parts)]
    assert len(written) > 50
    open_ = [path for path in written if path.stat().st_mode & 0o077]
    public = published / "published" / KEY / "rev-1" / "public"
    assert set(open_) == {public, *public.rglob("*"), *public.parents} & set(written)
    assert {oct(path.stat().st_mode & 0o777) for path in set(public.parents) & set(written)} == {"0o711"}


def test_every_file_is_in_the_table_of_the_contract_and_has_the_mode_that_it_says(published: Path):
    assert without_a_place(published) == []
    assert with_another_mode(published) == []


@pytest.mark.parametrize("name", ["registrations", "screened", "verdicts/shard-0000"])
def test_what_was_decided_on_cannot_be_swapped_before_publication(data: Path, name: str):
    path = data / "work" / KEY / f"{name}.parquet"
    table = pq.read_table(path, partitioning=None)
    if name == "registrations":
        [winner, *_] = pq.read_table(data / "waves" / KEY / "cohort.parquet", partitioning=None)["registration_id"]
        rows = table.to_pylist()
        for row in rows:
            if row["registration_id"] == winner.as_py():
                row |= {"nik": "3173010101900001", "full_name": "Friend Of Mine", "kk": "3173010101900001"}
        replace_file(path, pa.Table.from_pylist(rows, table.schema))
    else:
        replace_file(path, table.slice(1))
    done = gelombang("publish", str(WAVE), "--decree", "SK-1", "--data", data)
    assert done.code == 1
    assert "NotWhatWasApprovedError" in done.text
    assert f"{name}.parquet (changed)" in done.text
    assert not (data / "published" / KEY / "rev-1").exists()
    code, said = audit(data)
    assert code == 1
    assert f"work/{KEY}/{name}.parquet" in said


def test_a_manifest_that_was_made_to_fit_is_not_in_the_record(data: Path):
    out, work = data / "waves" / KEY, data / "work" / KEY
    edited(out / "cohort.parquet", nik="3173010101900001", full_name="Friend Of Mine")
    edited(work / "registrations.parquet", full_name="Friend Of Mine")
    manifest = read_json(out / "manifest.json")
    for name, folder in (("outputs", out), ("work", work)):
        for entry in manifest[name]:
            entry["sha256"] = sha256(folder / entry["file"])
    (out / "manifest.json").unlink()
    write_json(manifest, out / "manifest.json")
    code, said = audit(data)
    assert code == 1
    assert "is not in the record" in said
    assert "is not this installation's signature" in said
    done = gelombang("publish", str(WAVE), "--decree", "SK-1", "--data", data)
    assert (done.code, "NotWhatWasApprovedError" in done.text) == (1, True)


def cut(folder: Path) -> None:
    table = pq.read_table(folder / "cohort.parquet", partitioning=None)
    replace_file(folder / "cohort.parquet", table.slice(0, table.num_rows - 2))


def forge(folder: Path) -> None:
    said = read_json(folder / "publication.json")
    said["approval"] |= {"by": "minister", "decree": "SK-2"}
    (folder / "publication.json").unlink()
    write_json(said, folder / "publication.json")


def swap_and_fit(folder: Path) -> None:
    edited(folder / "cohort.parquet", nik="3173010101900001", full_name="Friend Of Mine")
    said = read_json(folder / "publication.json")
    said["files"]["cohort.parquet"] = sha256(folder / "cohort.parquet")
    (folder / "publication.json").unlink()
    write_json(said, folder / "publication.json")


def put_beside(folder: Path) -> None:
    new = folder.with_name("rev-2")
    new.mkdir()
    shutil.copy(folder / "cohort.parquet", new)
    edited(new / "cohort.parquet", nik="3173010101900001")


PUBLISHED: dict[str, tuple[Callable[[Path], None], list[str]]] = {
    "rows cut": (cut, ["rev-1/cohort.parquet: was changed"]),
    "decree forged": (forge, ["rev-1/publication.json: is not the one in the record"]),
    "swapped, hashes made to fit": (
        swap_and_fit,
        ["is not the one in the record", "is not the person who was approved"],
    ),
    "ledger gone": (lambda folder: (folder / "ledger.parquet").unlink(), ["rev-1/ledger.parquet: is missing"]),
    "a revision put beside": (put_beside, ["rev-2: has no publication.json", "is not the person who was approved"]),
    "a revision gone": (shutil.rmtree, ["rev-1: is in the record, and its cohort is gone"]),
    "the record's end cut off": (
        lambda folder: max((folder.parents[2] / "record").iterdir()).unlink(),
        ["is not the one in the record"],
    ),
    "the record gone": (
        lambda folder: shutil.rmtree(folder.parents[2] / "record"),
        ["record: it ends after 0 entries", "manifest.json: is not in the record"],
    ),
}


@pytest.mark.parametrize("attack", PUBLISHED)
def test_what_was_published_cannot_be_changed_unseen(published: Path, tmp_path: Path, attack: str):
    data = copy_root(published, tmp_path / "data")
    change, expected = PUBLISHED[attack]
    change(data / "published" / KEY / "rev-1")
    code, said = audit(data)
    assert code == 1, said
    for words in expected:
        assert words in said, said


def test_running_until_the_result_is_liked_is_told_to_whoever_approves(data: Path):
    again = run(data, "--seed", "luckier")
    assert again.code == 0, again.text
    form = (data / "work" / KEY / "approval.md").read_text()
    report = (again.out / "report.html").read_text()
    for text in (form, report):
        assert "diberikan dengan tangan" in text
        assert "pernah dijalankan dan hasilnya lain (1 hasil lain" in text
    told = gelombang("history", str(WAVE), "--data", data, "--language", "en").text
    assert told.count("Finished (provisional)") == 2
    assert "Given by hand: seed = luckier." in told
    back = run(data)
    assert back.code == 0, back.text
    assert "diberikan dengan tangan" not in (back.out / "report.html").read_text()
    assert "pernah dijalankan dan hasilnya lain (1 hasil lain" in (back.out / "report.html").read_text()
