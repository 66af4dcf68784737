"""Kept verdicts that a run refused, because this installation did not write them: which lines of which files.

A part of the selfies (a shard, a round) has its own file ``refused/<part>.json``; none where nothing was refused.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

from pipeline.storage import files
from pipeline.wave_run.plan import Plan

FOLDER = "refused"
log = logging.getLogger("gelombang")


def add(run: Plan, part: str, lines: Iterable[str]) -> int:
    """Names lines that a part refused, after those that it refused in an earlier try; returns how many."""
    path = run.work / FOLDER / f"{part}.json"
    before = files.read_json(path)["lines"] if path.is_file() else []
    named = sorted({*before, *lines})
    for line in named:
        log.warning("%s: the kept verdict %s was altered or is another installation's; measured again", part, line)
    files.write_json({"lines": named}, path)
    return len(named)
