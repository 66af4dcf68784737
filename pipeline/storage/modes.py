"""Who may read the files that are written: only their owner, except for what is published.

Modes of the file system only. On a root elsewhere the store's own rights decide who may read.
"""

from __future__ import annotations

import os
from pathlib import Path

_NOBODY_ELSE = 0o077
_READ, _LIST, _PASS = 0o644, 0o755, 0o711


def keep_private() -> None:
    """From now on only the owner may read what this process and its children make: files 0600, folders 0700."""
    os.umask(_NOBODY_ELSE)


def make_public(path: Path, root: Path) -> None:
    """Lets everybody read a file, or a folder and all that is in it, below ``root``; folders on the way to it can be
    passed through and not listed."""
    for folder in path.relative_to(root).parents:
        if folder != Path():
            (root / folder).chmod(_PASS)
    for one in (path, *(path.rglob("*") if path.is_dir() else ())):
        one.chmod(_LIST if one.is_dir() else _READ)
