"""`gelombang diff`: every change is counted, and what went in differently is named."""

from __future__ import annotations

import csv
import json
import re
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import typer

from pipeline.commands.cohort.diff import diff as command
from pipeline.domain import errors
from pipeline.domain.settings import settings
from pipeline.inspection.run_difference import Cause, Content, diff
from tests.unit.test_audit import MODES, finished


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finished(tmp_path_factory.mktemp("diff") / "data", **MODES[0])


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "200")


def test_a_run_and_itself_are_the_same(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture):
    found = diff(run, run, tmp_path)
    assert found.same
    assert found.causes == []
    assert found.compared == 40
    command(str(run), str(shutil.copytree(run, tmp_path / "copy")), language="en")
    assert "The same decisions, reasons and places." in capsys.readouterr().out


def test_the_same_inputs_run_twice_differ_in_nothing(run: Path, tmp_path: Path):
    again = finished(tmp_path / "data", **MODES[0])
    found = diff(run, again, tmp_path)
    assert (found.same, found.causes) == (True, [])


def test_another_seed_and_quota_are_named_and_their_effect_counted(run: Path, tmp_path: Path):
    other = finished(tmp_path / "data", **{**MODES[0], "seed": "another", "quota": 20})
    found = diff(run, other, tmp_path, tmp_path / "changes.csv")
    assert found.causes == [Cause("setting", "quota", "17", "20"), Cause("setting", "seed", "seed", "another")]
    assert found.moved > 0
    sums = {name: (before, after) for name, before, after in found.outcomes}
    for name, (before, after) in sums.items():
        left = sum(n for b, a, n in found.changes if b == name)
        came = sum(n for b, a, n in found.changes if a == name)
        assert after - before == came - left
    with (tmp_path / "changes.csv").open() as f:
        rows = list(csv.DictReader(f))
    assert sum(row["before"] != row["after"] for row in rows) == sum(n for _, _, n in found.changes)


def test_a_changed_setting_is_named(run: Path, tmp_path: Path):
    with pytest.MonkeyPatch.context() as changed:
        changed.setenv("GELOMBANG_SELFIE__DETECT_SIDE", "320")
        changed.setenv("GELOMBANG_CHECKS__FEW_ROWS", "7")
        changed.setenv("GELOMBANG_REVIEW__SECOND", "true")
        settings.cache_clear()
        other = finished(tmp_path / "data", **MODES[0])
    settings.cache_clear()
    assert [cause for cause in diff(run, other, tmp_path).causes if cause.kind == "setting"] == [
        Cause("setting", "second_reviewer", "False", "True"),
        Cause("setting", "checks.few_rows", "20", "7"),
        Cause("setting", "photos.detect_side", "640", "320"),
    ]


def test_another_extract_is_named_with_its_reasons(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture):
    other = shutil.copytree(run, tmp_path / "other")
    manifest = json.loads((other / "manifest.json").read_text())
    manifest["extracts"]["bansos"] = "2020-04-01"
    manifest["rules"] = [rule for rule in manifest["rules"] if rule["code"] != "bansos_recipient"]
    manifest["software"] = {"gelombang": "0"}
    (other / "manifest.json").write_text(json.dumps(manifest))
    table = pq.read_table(other / "decisions.parquet", partitioning=None)
    rows = [
        {**r, "outcome": "reserve", "reasons": []} if r["registration_id"] == "R40" else r for r in table.to_pylist()
    ]
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), other / "decisions.parquet")
    found = diff(run, other, tmp_path)
    assert [(c.kind, c.what) for c in found.causes] == [
        ("rule", "bansos_recipient"),
        ("extract", "bansos"),
        ("software", "gelombang"),
    ]
    assert found.changes == [("rejected", "reserve", 1)]
    assert found.reasons == [("bansos_recipient", 0, 1)]
    with pytest.raises(typer.Exit) as ended:
        command(str(run), str(other), language="id", as_json=True)
    assert ended.value.exit_code == 1  # a difference was found
    told = json.loads(capsys.readouterr().out)
    assert (told["same"], told["reasons"]) == (False, [["bansos_recipient", 0, 1]])
    with pytest.raises(typer.Exit):
        command(str(run), str(other))
    said = capsys.readouterr().out
    assert re.search(r"aturan +│ bansos_recipient +│ berlaku +│ tidak berlaku", said)
    assert re.search(r"Ditolak +│ Cadangan +│ 1 ", said)


def test_another_delivery_is_named_by_its_rows(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture):
    other = shutil.copytree(run, tmp_path / "other")
    manifest = json.loads((other / "manifest.json").read_text())
    entry = {"file": "landing/wave-0003/registrations/new.csv", "sha256": "ab" * 32, "rows": 1234}
    (other / "manifest.json").write_text(json.dumps({**manifest, "inputs": [*manifest["inputs"], entry]}))
    [cause] = diff(run, other, tmp_path).causes
    assert cause == Cause("input", "landing/wave/registrations/new.csv", None, Content("ab" * 32, 1234))
    for language, words in (("id", "berkas masuk|–|1.234 baris"), ("en", "input|–|1,234 rows")):
        command(str(run), str(other), language=language)
        said = capsys.readouterr().out
        assert all(word in said for word in [*words.split("|"), "abababababab"])


def test_a_change_without_a_cause_is_said_to_be_one(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture):
    other = shutil.copytree(run, tmp_path / "other")
    table = pq.read_table(other / "decisions.parquet", partitioning=None)
    rows = [{**r, "tier": "priority"} if r["registration_id"] == "R01" else r for r in table.to_pylist()]
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), other / "decisions.parquet")
    with pytest.raises(typer.Exit):
        command(str(run), str(other), language="en")
    assert "one of the two was changed afterwards" in capsys.readouterr().out


def test_two_waves_are_compared_person_by_person(run: Path, tmp_path: Path):
    other = shutil.copytree(run, tmp_path / "other")
    manifest = json.loads((other / "manifest.json").read_text())
    (other / "manifest.json").write_text(json.dumps({**manifest, "wave": 4}))
    table = pq.read_table(other / "decisions.parquet", partitioning=None)
    rows = [{**r, "registration_id": f"Z{r['registration_id']}"} for r in table.to_pylist()][:30]
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), other / "decisions.parquet")
    found = diff(run, other, tmp_path)
    assert not found.same_wave
    assert found.compared == 30
    assert sum(n for _, after, n in found.changes if after == "absent") == 10


def test_who_applied_twice_in_a_wave_is_one_person(run: Path, tmp_path: Path):
    runs = []
    for wave in (3, 4):
        other = shutil.copytree(run, tmp_path / f"{wave}")
        manifest = json.loads((other / "manifest.json").read_text())
        (other / "manifest.json").write_text(json.dumps({**manifest, "wave": wave}))
        table = pq.read_table(other / "decisions.parquet", partitioning=None)
        rows = table.to_pylist()
        first = {**rows[0], "registration_id": "S", "outcome": "rejected", "reasons": ["duplicate_application"]}
        nobody = [{**first, "registration_id": f"M{n}", "nik": "12", "reasons": ["nik_malformed"]} for n in range(2)]
        pq.write_table(pa.Table.from_pylist([*rows, first, *nobody], schema=table.schema), other / "decisions.parquet")
        runs.append(other)
    one, two = runs
    found = diff(one, two, tmp_path)
    assert (found.compared, found.changes) == (40, [])


def test_another_number_of_reviewers_is_a_cause(run: Path, tmp_path: Path):
    other = shutil.copytree(run, tmp_path / "other")
    manifest = json.loads((other / "manifest.json").read_text())
    (other / "manifest.json").write_text(json.dumps({**manifest, "second_reviewer": True}))
    assert diff(run, other, tmp_path).causes == [Cause("setting", "second_reviewer", "False", "True")]
    del manifest["second_reviewer"]  # of before there was such a setting
    (other / "manifest.json").write_text(json.dumps(manifest))
    assert diff(run, other, tmp_path).causes == [Cause("setting", "second_reviewer", "False", "None")]


def test_two_waves_without_anybody_accepted_in_both(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture):
    other = shutil.copytree(run, tmp_path / "other")
    manifest = json.loads((other / "manifest.json").read_text())
    (other / "manifest.json").write_text(json.dumps({**manifest, "wave": 4}))
    table = pq.read_table(other / "decisions.parquet", partitioning=None)
    rows = [{**r, "rank": None, "outcome": "reserve"} for r in table.to_pylist()]
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), other / "decisions.parquet")
    command(str(run), str(other), out=tmp_path / "changes.csv", language="en")
    said = capsys.readouterr().out
    assert "Accepted in both with another rank: 0." in said
    assert "changes.csv is not written" in said
    assert not (tmp_path / "changes.csv").exists()


def test_a_folder_beside_itself_is_refused(run: Path):
    with pytest.raises(errors.BadSettingError, match="same folder"):
        command(str(run), str(run))


def test_a_folder_without_outputs_is_a_named_error(run: Path, tmp_path: Path):
    with pytest.raises(errors.WaveNotRunError):
        command(str(tmp_path), str(run))
