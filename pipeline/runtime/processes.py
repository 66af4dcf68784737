"""How many worker processes there may be, and what each does: it ends when the process that started it has ended, and
gives back memory that it no longer needs.

A pool's workers wait on a queue that stays open when their parent is killed; each would keep its memory for good.
"""

from __future__ import annotations

import ctypes
import os
import threading
import time

_LOOK_EVERY = 5.0  # seconds


def leave_with_parent() -> None:
    """Ends this process soon after its parent has ended, however that ended."""
    threading.Thread(target=_watch, args=(os.getppid(),), name="parent", daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_LOOK_EVERY)
    os._exit(1)


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0))


def return_free_memory() -> None:
    """Returns freed memory to the system, where the C library can (glibc): what loading a model took for a moment would
    otherwise stay this process's own."""
    if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):
        trim(0)
