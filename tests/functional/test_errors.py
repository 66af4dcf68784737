"""Whatever is wrong with a delivery: a named error that says what to do, exit code ≠ 0, nothing half-written."""

from __future__ import annotations

import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.domain import errors
from tests.functional.conftest import WAVE, run
from tests.waves import run_wave

KEY = f"wave-{WAVE:04d}"


def newest(data: Path, name: str) -> Path:
    """The newest delivery of an extract that the wave may use: 2021-02-26 is its closing day."""
    return [p for p in sorted((data / "extracts" / name).glob("asof=*")) if p.name <= "asof=2021-02-26"][-1]


def rewrite(folder: Path, change) -> None:
    """Replaces a delivery by a changed copy (the original is a hard link that other tests read)."""
    tables = [pq.read_table(path, partitioning=None) for path in sorted(folder.glob("*.parquet"))]
    shutil.rmtree(folder)
    folder.mkdir()
    pq.write_table(change(pa.concat_tables(tables)), folder / "part.parquet")


def drop_extract(data: Path) -> None:
    shutil.rmtree(data / "extracts" / "education")


def only_newer(data: Path) -> None:
    keep = newest(data, "bansos")
    for path in (data / "extracts" / "bansos").glob("asof=*"):
        if path != keep:
            shutil.rmtree(path)
    keep.rename(keep.with_name("asof=2021-03-01"))


def drop_column(data: Path) -> None:
    rewrite(newest(data, "population"), lambda t: t.drop_columns("citizenship"))


def change_type(data: Path) -> None:
    rewrite(
        newest(data, "population"),
        lambda t: t.set_column(t.schema.get_field_index("alive"), "alive", pa.array([1.5] * t.num_rows)),
    )


def truncate(data: Path) -> None:
    path = sorted(newest(data, "education").glob("*.parquet"))[0]
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content[: len(content) // 2])


def empty(data: Path) -> None:
    shutil.rmtree(data / "landing" / KEY / "registrations")


def deliver_twice(data: Path) -> None:
    folder = data / "landing" / KEY / "registrations"
    path = sorted(folder.glob("*.parquet"))[0]
    shutil.copy(path, folder / "again.parquet")


def lose_half(data: Path) -> None:
    rewrite(newest(data, "education"), lambda t: t.slice(0, t.num_rows // 2))


def null_column(data: Path) -> None:
    rewrite(
        newest(data, "population"),
        lambda t: t.set_column(t.schema.get_field_index("full_name"), "full_name", pa.nulls(t.num_rows, pa.string())),
    )


BAD = [
    (drop_extract, "MissingExtractError", "education"),
    (only_newer, "ExtractTooNewError", "2021-03-01"),
    (drop_column, "MissingColumnError", "citizenship"),
    (change_type, "WrongTypeError", "alive"),
    (truncate, "UnreadableFileError", ".parquet"),
    (empty, "EmptyWaveError", "registrations"),
    (deliver_twice, "DuplicateRegistrationError", "again.parquet"),
    (lose_half, "CheckFailedError", "education.rows_vs_previous"),
    (null_column, "CheckFailedError", "full_name"),
]


@pytest.mark.parametrize(("break_it", "error", "says"), BAD)
def test_a_bad_delivery_stops_the_wave_before_anything_is_written(fresh_data, break_it, error, says):
    break_it(fresh_data)
    with pytest.raises(getattr(errors, error)) as raised:
        run_wave(fresh_data, WAVE)
    assert says in str(raised.value)
    assert "→" in str(raised.value)
    assert not (fresh_data / "waves").exists()


@pytest.mark.parametrize(("break_it", "error", "says"), [BAD[0], BAD[5], BAD[-1]])
def test_the_command_says_it_and_ends_with_1(fresh_data, break_it, error, says):
    break_it(fresh_data)
    done = run(fresh_data)
    assert done.code == 1
    assert error in done.text, done.text
    assert says in done.text
    assert "→" in done.text
    assert "Traceback" not in done.text
    assert not (fresh_data / "waves").exists()


@pytest.mark.parametrize(
    ("options", "wave", "error"), [(["--quota", "0"], WAVE, "BadQuotaError"), ([], 9000, "UnknownWaveError")]
)
def test_what_cannot_be_asked_is_refused(fresh_data, options, wave, error):
    done = run(fresh_data, *options, wave=wave)
    assert done.code != 0
    assert error in done.text
    assert not (fresh_data / "waves").exists()


def test_an_earlier_result_survives_a_run_that_fails(finished, fresh_data):
    shutil.copytree(finished.out, fresh_data / "waves" / KEY)
    before = {p.name: p.read_bytes() for p in (fresh_data / "waves" / KEY).iterdir() if p.is_file()}
    drop_extract(fresh_data)
    assert run(fresh_data).code != 0
    assert {p.name: p.read_bytes() for p in (fresh_data / "waves" / KEY).iterdir() if p.is_file()} == before
