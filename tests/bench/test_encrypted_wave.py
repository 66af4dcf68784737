"""What encryption at rest costs a whole small wave, from the command to the report: at most 1.3 times the plain one."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.bench.measure import Measured, measure

GELOMBANG = str(Path(sys.executable).with_name("gelombang"))
WAVE = "wave-0012"
#: Times the two are run; the cheapest counts, for the machine does other things as well.
TIMES = int(os.environ.get("BENCH_TIMES", "2"))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("bench") / "data"
    rows = os.environ.get("BENCH_ROWS", "50000")
    options = f"--wave 12 --registrations {rows} --population {int(rows) * 20} --quota 3000 --seed 3 --photos none"
    measure([GELOMBANG, "simulate", str(root), *options.split()])
    calendar = root / "calendar.toml"
    calendar.write_text(calendar.read_text().replace('"after_draw"', '"off"'))
    return root


def run(data: Path, to: Path, **environment: str) -> Measured:
    root = Path(shutil.copytree(data, to, copy_function=os.link))
    return measure([GELOMBANG, "run", "12", "--data", str(root)], **environment)


def outputs(root: Path) -> dict[str, str]:
    """The hash of every output, of its plain bytes."""
    said = json.loads((root / "waves" / WAVE / "manifest.json").read_text())
    return {entry["file"]: entry["sha256"] for entry in said["outputs"]}


def test_an_encrypted_wave(data: Path, tmp_path: Path) -> None:
    sealed = {"GELOMBANG_ENCRYPTION__AT_REST": "true", "GELOMBANG_SECRETS": str(tmp_path / "secrets")}
    plain, other = [], []
    for n in range(TIMES):
        plain.append(run(data, tmp_path / f"plain-{n}"))
        other.append(run(data, tmp_path / f"sealed-{n}", **sealed))
    cheapest, dearer = (min(one.cpu for one in measured) for measured in (plain, other))
    size = [sum(f.stat().st_size for f in (tmp_path / f"{kind}-0").rglob("*.parquet") if "extracts" not in f.parts)
            for kind in ("plain", "sealed")]  # fmt: skip
    print(f"\nplain:  {min(plain, key=lambda m: m.cpu)}\nsealed: {min(other, key=lambda m: m.cpu)}")
    print(f"CPU {dearer / cheapest:.2f}×, bytes of tables {size[1] / size[0]:.3f}×")
    assert outputs(tmp_path / "sealed-0") == outputs(tmp_path / "plain-0")
    assert dearer / cheapest <= 1.3
