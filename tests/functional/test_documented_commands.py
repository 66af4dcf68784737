"""Every command that the documentation shows in a ```bash block is run as it is printed, on a finished wave."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.functional.conftest import Finished

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("docs/tutorial/*.md"), *ROOT.glob("docs/how-to/*.md")])


def blocks(page: Path) -> list[str]:
    """The page's shell blocks; those without a language are shown, not run."""
    return re.findall(r"```bash\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture(scope="module")
def desk(finished: Finished, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A folder with the files that the pages speak of, and the environment of a person at it."""
    folder = tmp_path_factory.mktemp("desk")
    drawn = pq.read_table(finished.data / "work" / "wave-0012" / "drawn.parquet").to_pylist()
    selfies, photos = finished.data / "landing" / "wave-0012" / "selfies", finished.data / "extracts" / "photos"
    pairs = [
        (selfies / row["selfie"], photos / row["reference"])
        for row in drawn
        if row["selfie"] and row["reference"] and (selfies / row["selfie"]).is_file()
    ][:40]
    for i, (selfie, reference) in enumerate(pairs):
        (folder / f"s{i}.jpg").write_bytes(selfie.read_bytes())
        (folder / f"r{i}.jpg").write_bytes(reference.read_bytes())
    lines = [f"s{i}.jpg,r{i}.jpg,1\ns{i}.jpg,r{(i + 7) % len(pairs)}.jpg,0" for i in range(len(pairs))]
    (folder / "labelled.csv").write_text("selfie,reference,same\n" + "\n".join(lines) + "\n")
    (folder / "pairs.csv").write_text("selfie,reference\ns0.jpg,r0.jpg\ns1.jpg,\n")
    (folder / "data").mkdir()
    (folder / "data" / "simulated").symlink_to(finished.data)
    out = finished.out
    return folder, {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "GELOMBANG_DATA": str(finished.data),
        "ID": pq.read_table(out / "rejections.parquet")["registration_id"][0].as_py(),
        "ELIGIBLE": drawn[0]["registration_id"],
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_commands_of_a_page_work_as_printed(desk, page):
    folder, environment = desk
    script = "set -euo pipefail\n" + "\n".join(blocks(page))
    done = subprocess.run(
        ["bash", "-c", script], cwd=folder, env=environment, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


def test_every_command_is_documented():
    from pipeline.cli import app

    names = {c.name or (c.callback.__name__ if c.callback else "") for c in app.registered_commands}
    text = "".join(page.read_text(encoding="utf-8") for page in [*PAGES, ROOT / "README.md"])
    missing = {name for name in names if f"gelombang {name}" not in text}
    assert missing == set()
