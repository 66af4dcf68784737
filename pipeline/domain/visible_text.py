"""Text that others wrote, made harmless for a terminal: what cannot be seen is written out. No data, no files.

A name may hold an escape sequence that moves the cursor, a mark that turns the reading direction round, or a character
of no width. A reader of a list must see the text itself, and the terminal must not obey it.
"""

from __future__ import annotations

import unicodedata

#: Control, format (bidi, zero width), surrogates, private use, not assigned; separators of lines and paragraphs.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def visible(text: str, keep: str = "\n") -> str:
    """The text with every character that cannot be seen as ``\\u{202E}``; those of ``keep`` stay as they are."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(f"\\u{{{ord(c):04X}}}" if c not in keep and _unseen(c) else c for c in text)


def visible_json(text: str) -> str:
    """JSON with these characters as JSON's own escapes: the same value, and nothing for a terminal to obey."""
    return "".join(_escaped(c) if c not in "\n" and _unseen(c) else c for c in text)


def _unseen(character: str) -> bool:
    return unicodedata.category(character) in _UNSEEN


def _escaped(character: str) -> str:
    return "".join(f"\\u{unit:04x}" for unit in memoryview(character.encode("utf-16-le", "surrogatepass")).cast("H"))
