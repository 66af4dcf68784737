"""The analysts' notebooks run as they are on a wave that has been through the real DAG, and hold no output in git."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from pipeline.storage.files import read_table
from tests.functional.conftest import WAVE, Finished

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


def test_all_three_are_there() -> None:
    assert [path.stem for path in NOTEBOOKS] == ["extract_compared", "thresholds_reconsidered", "wave_explored"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_holds_no_output(path: Path) -> None:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert code
    assert not any(cell["outputs"] or cell["execution_count"] for cell in code)


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_runs_as_it_is(path: Path, finished: Finished, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GELOMBANG_DATA", str(finished.data))
    monkeypatch.setenv("WAVE", str(WAVE))
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=120, kernel_name="python3", env={**os.environ}).execute()
    shown = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert any("data" in output and "text/html" in output["data"] for output in shown)
    niks = set(read_table(finished.out / "decisions.parquet", ["nik"])["nik"].to_pylist())
    assert niks.isdisjoint(re.findall(r"\d{16}", json.dumps(shown)))
