"""Who is at this prompt, as the operating system knows it: no variable and no option can change it."""

from __future__ import annotations

import os
import pwd


def user_name() -> str:
    """The name of the account that this process belongs to; ``uid-1234`` where it has none."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid-{os.getuid()}"
