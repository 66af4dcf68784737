"""Mutation testing of SQL: changes one place of one file in a copy of the checkout and runs the tests of that file.

``python -m tools.mutation [--sample 20] [--seed 1] [--near] [PATTERN …]`` – of each file that a pattern matches (all:
without one) so many mutants, chosen by the seed. Prints the mutants that no test noticed. Each mutant has a process of
its own, forked from one that has imported the tests; it is ended after a limit of processor time, which counts as
noticed (time by the clock would notice how busy the machine is).

The checkout itself is never changed. docs/explanation/mutation-run.md has the last run.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import resource
import shutil
import subprocess
import sys
import tomllib
from contextlib import redirect_stdout
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

from tools.mutation.rule_mutants import mutants_of

ROOT = Path(__file__).resolve().parents[2]
_COPIED = ("pipeline", "checks", "dags", "tests", "tools", "data/calendar.toml", "data/reference", "pyproject.toml")
_PYTEST = ["-x", "-q", "-p", "no:cacheprovider", "-m", "not slow and not exhaustive", "--basetemp=of_tests"]
_TESTS: dict[str, dict[str, list[str]]] = tomllib.loads(Path(__file__).with_name("tests.toml").read_text("utf-8"))


@dataclass
class Tally:
    """The results of a file's mutants."""

    made: int
    tried: int
    survived: int


def main() -> None:
    """Copies the checkout, and goes on in the copy."""
    arguments = _arguments()
    if arguments.here:
        sys.exit(_run(arguments))
    with TemporaryDirectory(prefix="mutants-") as folder:
        for name in _COPIED:
            source, target = ROOT / name, Path(folder) / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
        command = [sys.executable, "-m", "tools.mutation", "--here", *sys.argv[1:]]
        sys.exit(subprocess.run(command, cwd=folder, env={**os.environ, "PYTHONPATH": folder}).returncode)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.mutation", description=__doc__)
    parser.add_argument("patterns", nargs="*", default=["*"])
    parser.add_argument("--sample", type=int, default=20, help="mutants of each file; 0: all")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--limit", type=int, default=300, help="seconds of processor time that a mutant may take")
    parser.add_argument("--near", action="store_true", help="leave out the slow tests of whole waves")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def _run(arguments: argparse.Namespace) -> int:
    import pytest

    found = [path for path in _files() if any(fnmatch(path, pattern) for pattern in arguments.patterns)]
    tests = {path: (_tests("near", path), () if arguments.near else _tests("far", path)) for path in found}
    with redirect_stdout(StringIO()):
        pytest.main(["--collect-only", *_PYTEST, *sorted({test for pair in tests.values() for test in sum(pair, ())})])
    for path, (near, far) in tests.items():
        tally = _try(Path(path), near, far, arguments)
        print(f"{path}: {tally.tried} of {tally.made} tried, {tally.survived} survived", flush=True)
    return 0


def _tests(table: str, path: str) -> tuple[str, ...]:
    names = next(names for pattern, names in _TESTS[table].items() if fnmatch(path, pattern))
    return tuple(re.sub(r"^(\w+)/(\w+)", r"tests/\1/test_\2.py", name) for name in names)


def _files() -> list[str]:
    rooms = sorted({pattern.split("/")[1] for pattern in _TESTS["far"]})
    sql = [str(path) for room in rooms for path in sorted(Path("pipeline", room).rglob("*.sql"))]
    return [*sql, "pipeline/screening/rules.toml"]


def _try(path: Path, near: tuple[str, ...], far: tuple[str, ...], arguments: argparse.Namespace) -> Tally:
    original = path.read_text(encoding="utf-8")
    every = mutants_of(path, original)
    size = min(arguments.sample or len(every), len(every))
    chosen = random.Random(f"{arguments.seed}:{path}").sample(range(len(every)), size)
    tally = Tally(len(every), size, 0)
    _must_pass(near, arguments.limit)
    for mutant in (every[i] for i in sorted(chosen)):
        path.write_text(mutant.text, encoding="utf-8")
        left = _passes(near, arguments.limit)
        path.write_text(original, encoding="utf-8")
        if left and far:
            _must_pass(far, 3 * arguments.limit)
            path.write_text(mutant.text, encoding="utf-8")
            left = _passes(far, 3 * arguments.limit)
            path.write_text(original, encoding="utf-8")
        if left:
            tally.survived += 1
            print(f"{path}:{mutant.line}: {mutant.what}", flush=True)
    return tally


@cache
def _must_pass(tests: tuple[str, ...], limit: int) -> None:
    """Ends the run where tests fail without a mutant."""
    if not _passes(tests, limit):
        sys.exit(f"Without a mutant these fail: {' '.join(tests)}")


def _passes(tests: tuple[str, ...], limit: int) -> bool:
    """Whether the tests pass, in a process of their own. One that takes too long does not pass."""
    child = os.fork()
    if not child:
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
        code = 3
        try:
            code = _test(tests)
        finally:
            os._exit(code)
    return os.waitpid(child, 0)[1] == 0


def _test(tests: tuple[str, ...]) -> int:
    import pytest

    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)
    for name, module in list(sys.modules.items()):  # what was read before the file was changed
        if name.split(".")[0] in ("pipeline", "checks", "tests"):
            for value in list(vars(module).values()):
                if callable(clear := getattr(value, "cache_clear", None)):
                    clear()
    return int(pytest.main([*_PYTEST, *tests]))


if __name__ == "__main__":
    main()
