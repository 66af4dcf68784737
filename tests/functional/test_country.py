"""A simulated country, practised on: two waves with photographs, run and published in order, then compared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.storage.files import read_table
from tests.query import rows
from tests.waves import publish, run_wave

_SIZE = ["--waves", "1-2", "--preset", "small", "--registrations", "700", "--population", "30000", "--quota", "40"]


def asked(*arguments: str | Path, given: str = "") -> str:
    done = CliRunner().invoke(app, list(map(str, arguments)), input=given)
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("country") / "data"
    asked("simulate", data, *_SIZE)
    for wave in (1, 2):
        publish(run_wave(data, wave))
    return data


def out(data: Path, wave: int, name: str) -> list[dict[str, Any]]:
    return read_table(data / f"waves/wave-{wave:04d}/{name}.parquet").to_pylist()


def test_what_was_planted_over_two_waves_is_found(data: Path) -> None:
    for wave in (1, 2):
        found = f"""
            select t.registration_id from '{data}/landing/wave-{wave:04d}/truth.parquet' t
            join '{data}/waves/wave-{wave:04d}/decisions.parquet' d using (registration_id)
            where t.expected <> [] and list_sort(t.expected) <> list_sort(d.reasons)
        """
        assert rows(found) == []


def test_new_photographs_bring_applications_of_the_first_wave_back(data: Path) -> None:
    sent = out(data, 2, "reuploads")
    taken_in = {row["registration_id"] for row in sent if row["problem"] is None}
    assert taken_in
    assert {row["problem"] for row in sent if row["problem"]} & {"not_photo_only", "unknown_application"}
    assert taken_in <= {row["registration_id"] for row in out(data, 2, "decisions")}


def test_the_waves_have_people_in_common_for_diff_and_find(data: Path) -> None:
    compared = asked("diff", "1", "2", "--data", data, "--language", "en")
    [line] = [line for line in compared.splitlines() if "people who applied in both" in line]
    assert int(line.split()[0]) > 20
    twice = {row["nik"] for row in out(data, 1, "decisions")} & {row["nik"] for row in out(data, 2, "decisions")}
    nik = min(one for one in twice if one and one.isdigit() and len(one) == 16)
    shown = asked("find", "--data", data, "--why", "a test", given=f"{nik}\n")
    assert "0001-" in shown
    assert "0002-" in shown
