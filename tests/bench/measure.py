"""Wall time, CPU time and peak memory of a command and all its children; the figures that benches compare."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from dataclasses import dataclass

import psutil


@dataclass(frozen=True)
class Measured:
    """What a command cost: seconds, CPU seconds, peak resident memory in MB (the whole process tree at once)."""

    wall: float
    cpu: float
    peak_mb: float
    output: str

    def __str__(self) -> str:
        return f"{self.wall:7.1f} s wall {self.cpu:7.1f} s CPU {self.peak_mb:7.0f} MB"


def measure(command: list[str], **environment: str) -> Measured:
    """Runs a command to its end. Raises CalledProcessError with its output when it fails."""
    before = os.times()
    begun = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, **environment}
    )
    peak = [0.0]
    watcher = threading.Thread(target=_watch, args=(process.pid, peak), daemon=True)
    watcher.start()
    output, _ = process.communicate()
    watcher.join()
    after = os.times()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command, output)
    cpu = after.children_user - before.children_user + after.children_system - before.children_system
    return Measured(time.perf_counter() - begun, cpu, peak[0] / 1e6, output)


def _watch(pid: int, peak: list[float]) -> None:
    """Samples a process tree's resident memory; shared pages count once per process: an upper bound."""
    try:
        root = psutil.Process(pid)
        while root.is_running() and root.status() != psutil.STATUS_ZOMBIE:
            total = 0
            for process in [root, *root.children(recursive=True)]:
                try:
                    total += process.memory_info().rss
                except psutil.Error:
                    continue
            peak[0] = max(peak[0], total)
            time.sleep(0.05)
    except psutil.Error:
        return
