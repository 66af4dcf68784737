"""A disk that fails is the user's to mend and no bug: its errors by their names. Touches no file."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.domain.errors import DiskFullError, StoreError


def is_full(error: BaseException) -> bool:
    """Whether an error says that there is no room; copying a folder collects the errors of its files as texts."""
    if isinstance(error, shutil.Error):
        return f"[Errno {errno.ENOSPC}]" in str(error) or f"[Errno {errno.EDQUOT}]" in str(error)
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def disk_errors(what: str) -> Iterator[None]:
    """Makes DiskFullError or StoreError of an OSError in the block; ``what`` was at work."""
    try:
        yield
    except OSError as e:
        if is_full(e):
            raise DiskFullError(f"No room left in {what}: {e}.") from e
        raise StoreError(f"{what}: {type(e).__name__}: {e}.") from e
