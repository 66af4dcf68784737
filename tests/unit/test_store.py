"""What is written appears whole or not at all, and the same bytes each time."""

import errno
import pickle
import threading
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from pipeline.domain import contracts, errors, wave_keys
from pipeline.domain.calendar import Calendar
from pipeline.storage import files
from pipeline.storage.files import read_text
from pipeline.storage.paths import Store, project_data

CALENDAR = Calendar.parse(read_text(project_data() / "calendar.toml"))
TABLE = pa.table({"nik": ["1"], "listed_by": ["x"]})


def test_an_interrupted_write_leaves_nothing_and_keeps_the_old_file(tmp_path):
    path = tmp_path / "f.txt"
    files.write_text("old", path)
    with pytest.raises(RuntimeError), files.atomic(path) as part:
        part.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["f.txt"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_a_named_error(tmp_path, number):
    with pytest.raises(errors.DiskFullError, match="No room"), files.atomic(tmp_path / "f") as part:
        part.write_text("half")
        raise OSError(number, "full")
    assert list(tmp_path.iterdir()) == []


def test_a_really_full_disk_is_a_named_error(tmp_path):
    with pytest.raises(errors.DiskFullError), files.atomic(tmp_path / "f"), open("/dev/full", "w") as full:
        full.write("x")
        full.flush()


def test_tables_are_cast_to_their_contract_and_written_with_the_same_bytes(tmp_path):
    first = files.write_table(TABLE, tmp_path / "a.parquet", contracts.PRIORITY)
    second = files.write_table(TABLE, tmp_path / "b.parquet", contracts.PRIORITY)
    assert files.sha256(first) == files.sha256(second)
    assert files.rows(first) == 1
    assert files.read_table(first).schema == contracts.PRIORITY


def test_damaged_files_are_named_errors(tmp_path):
    bad = tmp_path / "bad.parquet"
    bad.write_bytes(b"PAR1 nothing")
    with pytest.raises(errors.UnreadableFileError, match=r"bad\.parquet"):
        files.read_table(bad)
    with pytest.raises(errors.UnreadableFileError):
        files.rows(bad)
    with pytest.raises(errors.UnreadableFileError):
        files.read_json(bad)
    with pytest.raises(errors.StoreError):
        files.read_table(tmp_path / "none.parquet")


def test_a_root_that_is_not_there_is_a_named_error(tmp_path):
    with pytest.raises(errors.StoreError, match="not a folder"):
        Store.at(tmp_path / "nowhere")


def test_installing_replaces_a_folder_whole(tmp_path):
    target, new = tmp_path / "waves" / "w", tmp_path / "new"
    for text in ("one", "two"):
        files.write_text(text, new / f"{text}.txt")
        files.install(new, target)
    assert [p.name for p in target.iterdir()] == ["two.txt"]
    assert [p.name for p in target.parent.iterdir()] == ["w"]


def test_a_folder_is_never_absent_while_another_takes_its_place(tmp_path):
    target, seen = tmp_path / "target", []
    (tmp_path / "new").mkdir()
    target.mkdir()
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            seen.append(target.is_dir())

    watcher = threading.Thread(target=look)
    watcher.start()
    for _ in range(300):
        files.install(tmp_path / "new", target)
        (tmp_path / "new").mkdir()
    over.set()
    watcher.join()
    assert all(seen)
    assert len(seen) > 300


def test_a_disk_that_cannot_exchange_names_gets_the_new_folder_too(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "_exchange", lambda *_: False)
    for name in ("new", "target"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "said").write_text(name)
    files.install(tmp_path / "new", tmp_path / "target")
    assert (tmp_path / "target" / "said").read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["target"]


def test_only_a_day_as_it_is_written_names_a_delivery(tmp_path):
    for name in ("2020-04-01", "20200401", "2020-W14-3", "2020-04-01.bak", "2020-04-31", "٢٠٢٠-٠٤-٠٢", ""):
        (tmp_path / "extracts" / "bansos" / f"asof={name}").mkdir(parents=True)
    found = Store.at(tmp_path).deliveries("bansos")
    assert {day: path.name for day, path in found.items()} == {date(2020, 4, 1): "asof=2020-04-01"}


def test_deliveries_are_found_by_date(tmp_path):
    for name in ("asof=2020-04-01", "asof=never", "other"):
        (tmp_path / "extracts" / "bansos" / name).mkdir(parents=True)
    assert list(Store.at(tmp_path).deliveries("bansos")) == [date(2020, 4, 1)]


def test_earlier_cohorts_prefer_the_last_published_revision(tmp_path):
    where = Store.at(tmp_path)
    for path in (
        "published/wave-0001/rev-2",
        "published/wave-0001/rev-10",
        "waves/wave-0001",
        "waves/wave-0002",
        "waves/wave-0003",
    ):
        files.write_table(
            pa.table({f.name: pa.nulls(0, f.type) for f in contracts.COHORT}),
            tmp_path / path / "cohort.parquet",
            contracts.COHORT,
        )
    found = [p.relative_to(tmp_path).as_posix() for p in where.earlier_cohorts(CALENDAR.wave(3))]
    assert found == ["published/wave-0001/rev-10/cohort.parquet", "waves/wave-0002/cohort.parquet"]


def test_the_data_root_can_bring_its_own_calendar(tmp_path):
    assert Store.at(tmp_path).calendar().wave(1).quota == 200_000
    files.write_text(
        "\ufeff[[wave]]\nnumber = 1\nopens = 2020-04-11T00:00:00\ncloses = 2020-04-12T00:00:00\nquota = 9\n",
        tmp_path / "calendar.toml",
    )
    assert Store.at(tmp_path).calendar().wave(1).quota == 9


@pytest.mark.parametrize(
    "name",
    [
        n
        for n, e in vars(errors).items()
        if isinstance(e, type) and e is not errors.GelombangError and issubclass(e, errors.GelombangError)
    ],
)
def test_every_named_error_says_what_to_do_and_survives_a_process_border(name):
    kind = getattr(errors, name)
    error = kind("It broke.")
    assert kind.__doc__
    assert error.advice
    assert str(error).startswith("It broke.\n→ ")
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.exit_code) == (kind, str(error), error.exit_code)
    assert error.exit_code != 0


@pytest.mark.parametrize(
    ("name", "number"),
    [("wave-0001", 1), ("wave-9999", 9999), ("wave-0001-before", None), ("wave-1", None), ("wave-00010", None),
     ("wave-٠٠٠١", None), ("wave-0001\n", None), ("", None)],
)  # fmt: skip
def test_only_the_name_of_a_wave_is_read_as_one(tmp_path, name, number):
    assert wave_keys.wave_number(name) == number
    if number:
        assert wave_keys.wave_key(number) == name


def test_a_folder_that_is_no_wave_is_in_no_list_of_waves(tmp_path):
    for key in ("wave-0002", "wave-0001", "wave-0001-before", "wave-none"):
        files.write_table(contracts.COHORT.empty_table(), tmp_path / "waves" / key / "cohort.parquet", contracts.COHORT)
    where = Store(tmp_path)
    assert list(where.wave_folders("waves")) == [1, 2]
    assert where.cohorts() == where.outputs("cohort.parquet")
    assert [path.parent.name for path in where.outputs("cohort.parquet")] == ["wave-0001", "wave-0002"]


def test_a_store_lists_creates_once_reads_and_removes(tmp_path):
    where = Store.at(tmp_path)
    assert where.keys("landing") == []
    assert where.read("landing/a") is None
    assert where.create("landing/a", b"one")
    assert not where.create("landing/a", b"two")
    assert where.read("landing/a") == b"one"
    assert where.keys("landing") == where.keys("landing/a") == ["landing/a"]
    where.remove("landing/a")
    where.remove("landing/a")
    assert where.keys("landing") == []


def test_nobody_reaches_through_the_store_to_its_mirror():
    """What a root elsewhere can do, Store offers."""
    pipeline = Path(contracts.__file__).parents[2]
    inside = {"paths.py", "mirror.py"}
    found = [
        p.name
        for p in pipeline.rglob("*.py")
        if ".mirror." in p.read_text("utf-8").replace("storage.mirror", "") and p.name not in inside
    ]
    assert found == []
