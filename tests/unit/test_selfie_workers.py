"""Workers start whatever program asks for them: under Airflow the main module cannot be imported a second time."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

PROGRAM = """
import sys
if __name__ != "__main__":
    raise SystemExit("the main module was imported by a worker")
from pathlib import Path

def work():
    from pipeline.selfie.policy import SelfiePolicy
    from pipeline.selfie.verify import PhotoPair, verify_pairs
    from pipeline.domain.settings import settings
    here = Path(sys.argv[1])
    policy = SelfiePolicy.default(settings())
    pairs = [PhotoPair(f"none-{i}.jpg", None) for i in range(200)]
    verdicts = verify_pairs(pairs, selfies=here, photos=here, policy=policy, workers=2)
    print(len(verdicts), set(v.reasons for v in verdicts), flush=True)

if sys.argv[2] == "by Celery":
    import atexit, os
    import billiard
    def task():  # ends as Airflow's task runner does
        work()
        atexit._run_exitfuncs()
        os._exit(0)
    one = billiard.Process(target=task)
    one.daemon = True
    one.start()
    one.join()
    raise SystemExit(one.exitcode)
work()
"""


@pytest.mark.parametrize("started", ["by itself", "by Celery"])
def test_a_worker_does_not_import_the_program_that_started_it(tmp_path, started):
    program = tmp_path / "runner.py"
    program.write_text(PROGRAM)
    done = subprocess.run(
        [sys.executable, str(program), str(tmp_path), started], capture_output=True, text=True, timeout=400, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "selfie_missing" in done.stdout


def test_a_worker_loads_nothing_that_only_others_need():
    """Every worker would hold it, times the cores: seventy megabytes for tables, six hundred for a second runtime."""
    program = """
import sys
from pipeline.selfie import verify, worker_pool
worker_pool._begin()
from pipeline.domain.settings import settings
verify._measurer("GelombangSFace", None, None, settings().selfie.limits())
print([name for name in ("pyarrow", "tensorflow", "deepface") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=100, check=True)
    assert done.stdout == "[]\n"


def test_no_network_holds_its_thread_on_one_core_while_it_runs():
    """OpenVINO would take the same core, the first, in every process: workers share it, and the others stand idle."""
    program = """
import os
from threading import Event, Thread
allowed = os.sched_getaffinity(0)
from pipeline.domain.settings import settings
from pipeline.selfie.measure import Measurer
from pipeline.selfie.networks import efficientnet, resnet, sface
from pipeline.selfie.recogniser import DEFAULT, recogniser
import numpy as np

Measurer(recogniser(DEFAULT), settings().selfie, None)
held, ended = set(), Event()

def watch():
    while not ended.is_set():
        for thread in os.listdir("/proc/self/task"):
            held.add(frozenset(os.sched_getaffinity(int(thread))))

watcher = Thread(target=watch)
watcher.start()
for _ in range(20):
    for network in (sface.network(), resnet.network(), efficientnet.network()):
        list(network(np.zeros((2, network.height, network.width, 3), np.uint8)))
ended.set()
watcher.join()
print(held == {frozenset(allowed)}, [sorted(cores) for cores in held])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=100, check=True)
    assert done.stdout.startswith("True"), done.stdout
