"""The code by which a helpdesk and an applicant speak of one application: ``G-1A2B-3C4D-5E6F``. No data, no files.

Twelve hexadecimal digits of a SHA-256 over the wave and the registration id: the same at every desk, and nothing about
the person goes into it, so that nothing about the person comes out. The G tells it from a phone number.
"""

from __future__ import annotations

import hashlib
import re

#: The beginning of the hashed text: it makes the code different from every other hash of this project.
_DOMAIN = "gelombang/code"
_TYPED = re.compile(r"G([0-9A-F]{4})([0-9A-F]{4})([0-9A-F]{4})")

#: The same in DuckDB; ``{wave}`` and ``{id}`` are expressions.
SQL = (
    f"regexp_replace(upper(substr(sha256('{_DOMAIN}:' || {{wave}} || ':' || {{id}}), 1, 12)), "
    "'(.{{4}})(.{{4}})(.{{4}})', 'G-\\1-\\2-\\3')"
)


def short_code(wave: int, registration_id: str) -> str:
    """The code of an application, as it is printed."""
    text = hashlib.sha256(f"{_DOMAIN}:{wave}:{registration_id}".encode()).hexdigest()[:12].upper()
    return "-".join(["G", *(text[i : i + 4] for i in (0, 4, 8))])


def as_code(typed: str) -> str | None:
    """The code that somebody typed, with or without dashes and blanks, in any case; None where it is no code."""
    found = _TYPED.fullmatch(re.sub(r"[\s-]", "", typed).upper())
    return "-".join(["G", *found.groups()]) if found else None
