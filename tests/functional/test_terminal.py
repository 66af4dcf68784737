"""`gelombang run` in a real terminal of 80 columns, as the kernel makes one."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import sys
import termios
from pathlib import Path

from tests.functional.conftest import WAVE

COLUMNS = 80
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def in_terminal(*arguments: str) -> tuple[int, str]:
    """Exit code and everything that a terminal of 24 lines and 80 columns was sent."""
    process, descriptor = pty.fork()
    if process == 0:
        os.environ.update(TERM="xterm", LINES="24", COLUMNS=str(COLUMNS))
        command = str(Path(sys.executable).with_name("gelombang"))
        os.execv(command, [command, *arguments])
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
    sent = b""
    while True:
        try:
            part = os.read(descriptor, 1 << 16)
        except OSError:  # the command has closed its end
            break
        if not part:
            break
        sent += part
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), sent.decode()


def test_a_run_is_quiet_whole_and_fits_the_terminal(fresh_data: Path) -> None:
    code, sent = in_terminal("run", str(WAVE), "--data", str(fresh_data))
    text = ESCAPES.sub("", sent)
    assert code == 0, text[-3000:]
    for noise in ("[info", "[warning", "alembic", "Deprecat", "INFO", "Traceback"):
        assert noise not in text
    for label in ("start_airflow", "check_inputs", "verify shard-0000", "compare_people", "release_wave"):
        assert label in text
    assert "…" not in text  # no label or figure is cut off
    lines = [line.rstrip("\r") for line in text.split("\n")]
    assert max(len(part) for line in lines for part in line.split("\r") if str(fresh_data) not in part) <= COLUMNS
    assert text.index("start_airflow") < text.index("ingest")
    log = fresh_data / "work" / f"wave-{WAVE:04d}.log"
    assert "alembic" in log.read_text(encoding="utf-8")
