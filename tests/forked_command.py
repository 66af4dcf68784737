"""A command that is forked from the process of `prepared_process`, over a socket: with this process's files, folder and
environment. As a script (``forked_command.py SOCKET MODULE:FUNCTION ARGUMENT …``) it starts in hundredths of a second.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

MOST = 1 << 20  # bytes of a request: arguments and environment
LONGEST = 900  # seconds of a command


class Command:
    """A command at work: ``pid``, and its end."""

    def __init__(self, connection: socket.socket) -> None:
        connection.settimeout(LONGEST)
        self._answers = connection.makefile("r")
        connection.close()  # the file keeps it open
        self.pid = int(self._answers.readline())

    @classmethod
    def start(
        cls,
        path: str | Path,
        main: str,
        arguments: list[str],
        environment: Mapping[str, str],
        files: tuple[int, int, int],
    ) -> Command:
        """Starts ``main`` (``module:function``). ``files``: descriptors of what it reads, says, and says of errors."""
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(os.fspath(path))
        asked = {"arguments": arguments, "environment": dict(environment), "folder": str(Path.cwd()), "main": main}
        content = json.dumps(asked).encode()
        socket.send_fds(connection, [b"%d\n" % len(content)], files)
        connection.sendall(content)
        return cls(connection)

    def wait(self) -> int:
        """Its exit code once it has ended, as ``subprocess`` has it. Raises TimeoutError after ``LONGEST`` seconds."""
        with self._answers:
            return int(self._answers.readline())


def receive(connection: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """What was asked for, and the three descriptors that came with it."""
    first, descriptors, _, _ = socket.recv_fds(connection, 64, 3)
    length, _, content = first.partition(b"\n")
    while len(content) < int(length):
        content += connection.recv(MOST)
    return json.loads(content), descriptors


if __name__ == "__main__":
    _, where, function, *given = sys.argv
    code = Command.start(where, function, given, os.environ, (0, 1, 2)).wait()
    sys.exit(code if code >= 0 else 128 - code)
