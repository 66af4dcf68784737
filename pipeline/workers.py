"""How many worker processes there may be, and what each does first: it leaves when the process that started it is gone.

A pool's workers wait on a queue that stays open when their parent is killed; each would keep its memory for good.
"""

from __future__ import annotations

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
