"""The name of a wave's folder, ``wave-0001``: made and read here and nowhere else.

A folder with any other name, such as a copy ``wave-0001-before``, is no wave.
"""

from __future__ import annotations

import re

#: A wave's key as a regular expression; its one group is the number.
PATTERN = "wave-([0-9]{4})"


def wave_key(number: int) -> str:
    """``wave-0001`` for 1: the wave's folder, and its partition key in Airflow."""
    return f"wave-{number:04d}"


def wave_number(key: str) -> int | None:
    """1 for ``wave-0001``; None for a text that is no wave's key."""
    match = re.fullmatch(PATTERN, key)
    return int(match[1]) if match else None
