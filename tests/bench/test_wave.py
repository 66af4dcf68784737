"""A wave of 200,000 registrations with selfies off, end to end, beside the same joins in plain pandas."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.bench.measure import measure

GELOMBANG = str(Path(sys.executable).with_name("gelombang"))

#: The peer: what an analyst would write first. It only joins and filters: no reasons, no draw, no report.
PANDAS = """
import sys, pandas as pd, pathlib
data = pathlib.Path(sys.argv[1])
lenient = dict(dtype=str, on_bad_lines='skip', encoding_errors='replace')
read = lambda p: pd.read_csv(p, **lenient) if '.csv' in p.name else pd.read_parquet(p).astype(str)
landing = sorted((data / 'landing/wave-0012/registrations').iterdir())
registrations = pd.concat([read(p) for p in landing], ignore_index=True)
def extract(name):
    newest = [p for p in sorted((data / 'extracts' / name).glob('asof=*')) if p.name <= 'asof=2021-02-26'][-1]
    table = pd.concat([pd.read_parquet(p, partitioning=None) for p in sorted(newest.glob('*.parquet'))])
    table['nik'] = table['nik'].astype(str).str.zfill(16)
    return table
joined = registrations.merge(extract('population'), on='nik', how='left', suffixes=('', '_register'))
for name in ('education', 'bansos'):
    active = extract(name).query("status == 'active'")['nik'].drop_duplicates()
    joined[name] = joined['nik'].isin(active)
print(len(joined))
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("bench") / "data"
    options = "--wave 12 --registrations 200000 --population 5000000 --quota 30000 --seed 3 --photos none"
    made = measure([GELOMBANG, "simulate", str(root), *options.split()])
    print(f"\nsimulate 200,000 registrations, 5 M people: {made}")
    calendar = root / "calendar.toml"
    calendar.write_text(calendar.read_text().replace('"after_draw"', '"off"'))
    return root


def test_200_000_registrations_with_selfies_off(data: Path) -> None:
    wave = measure([GELOMBANG, "run", "12", "--data", str(data)])
    peer = measure([sys.executable, "-c", PANDAS, str(data)])
    print(f"\nwhole wave, 200,000 registrations: {wave}")
    print(f"pandas, joins alone:               {peer}")
    print(f"memory against pandas: {wave.peak_mb / peer.peak_mb:.2f}×, CPU {wave.cpu / peer.cpu:.2f}×")
    assert wave.peak_mb < 2_000
