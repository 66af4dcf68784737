"""The audit trail of reviews: one JSON line per decision, only ever appended, below ``reviews/audit/``.

In a folder of its own, because every file in the folder of the CSV files is read as a delivery.
"""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

from filelock import FileLock

from pipeline.domain.errors import DiskFullError


def append(path: Path, line: dict[str, Any]) -> None:
    """Appends one line, whole or not at all, and waits until it is on the disk. Several processes may append at once.

    Raises DiskFullError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    data = json.dumps(line, ensure_ascii=False).encode() + b"\n"
    with FileLock(path.with_name(f".{path.name}.lock")), path.open("ab", buffering=0) as file:
        before = file.tell()
        try:
            if file.write(data) != len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(file.fileno())
        except OSError as e:
            file.truncate(before)
            if e.errno in (errno.ENOSPC, errno.EDQUOT):
                raise DiskFullError(f"No room left while writing {path}.") from e
            raise
