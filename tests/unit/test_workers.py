"""A worker does not outlive a parent that was killed."""

from __future__ import annotations

import subprocess
import sys
import time

import psutil

PROGRAM = """
import os, time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pipeline.runtime.processes import leave_with_parent
if __name__ == "__main__":
    with ProcessPoolExecutor(1, get_context("spawn"), initializer=leave_with_parent) as pool:
        print(pool.submit(os.getpid).result(), flush=True)
        time.sleep(120)
"""


def test_it_leaves_when_its_parent_is_killed(tmp_path):
    program = tmp_path / "parent.py"
    program.write_text(PROGRAM)
    with subprocess.Popen([sys.executable, str(program)], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        worker = psutil.Process(int(parent.stdout.readline()))
        assert worker.is_running()
        parent.kill()
    until = time.monotonic() + 60
    while worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE and time.monotonic() < until:
        time.sleep(0.2)
    assert not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE
