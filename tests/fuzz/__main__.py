"""`make fuzz`: reads FILES changed files of each kind and tells what became of them; 1 where one is a finding.

``python -m tests.fuzz --files 10000 --kind csv --first 500`` reads the files 500 to 10,499 of one kind.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from pipeline.selfie.worker_pool import ONE_THREAD
from tests.fuzz.run import Limits, fuzz, keep
from tests.fuzz.targets import KINDS, SETTINGS

FINDINGS = Path("build/fuzz")


def main() -> int:
    """The exit code."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--files", type=int, default=500, help="changed files of each kind")
    asked.add_argument("--first", type=int, default=0, help="number of the first one")
    asked.add_argument("--kind", choices=KINDS, action="append", help="only this kind; may be given several times")
    asked.add_argument("--seconds", type=int, default=Limits.seconds, help="the most CPU time that one file may take")
    asked.add_argument("--megabytes", type=int, default=Limits.megabytes, help="the most memory that one may take")
    given = asked.parse_args()
    os.environ.update(ONE_THREAD | SETTINGS)
    found = 0
    for kind in given.kind or KINDS:
        numbers = range(given.first, given.first + given.files)
        limits = Limits(given.seconds, given.megabytes)
        result = fuzz(KINDS[kind], numbers, limits, lambda so_far: print(f"… {so_far}", file=sys.stderr, flush=True))
        print(result, flush=True)
        for path in keep(result, FINDINGS):
            print(f"  {path}: {Path(f'{path}.txt').read_text().strip().splitlines()[-1]}")
        found += len(result.findings)
    return int(found > 0)


if __name__ == "__main__":
    sys.exit(main())
