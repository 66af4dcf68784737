"""Workers start whatever program asks for them: under Airflow the main module cannot be imported a second time."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import sys
if __name__ != "__main__":
    raise SystemExit("the main module was imported by a worker")
if "daemon" in sys.argv:  # as Celery marks what it starts
    import multiprocessing
    multiprocessing.current_process()._config["daemon"] = True
from pathlib import Path
from pipeline.selfie.policy import SelfiePolicy
from pipeline.selfie.verify import PhotoPair, verify_pairs
from pipeline.settings import settings
here = Path(sys.argv[1])
policy = SelfiePolicy.default(settings())
pairs = [PhotoPair(f"none-{i}.jpg", None) for i in range(200)]
verdicts = verify_pairs(pairs, selfies=here, photos=here, policy=policy, workers=2)
print(len(verdicts), set(v.reasons for v in verdicts))
"""


@pytest.mark.parametrize("started", ["by itself", "daemon"])
def test_a_worker_does_not_import_the_program_that_started_it(tmp_path, started):
    program = tmp_path / "runner.py"
    program.write_text(PROGRAM)
    done = subprocess.run(
        [sys.executable, str(program), str(tmp_path), started], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "selfie_missing" in done.stdout
