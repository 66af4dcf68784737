"""Whether a text goes on in the encoding in which it began: files that are put behind each other may differ in it.

Latin text in UTF-16 has a zero beside each letter; in UTF-8 it has none. Works on bytes in memory, touches no file.
"""

from __future__ import annotations

import re

#: So many letters in a row are no accident: a name in Chinese characters is shorter, a row or a header longer.
_LETTERS = 8
_LETTER = rb"[\t\n\r -~]"
_UTF_16 = re.compile(rb"(?:%b\x00){%d}|(?:\x00%b){%d}" % (_LETTER, _LETTERS, _LETTER, _LETTERS))
_IS_LETTER = bytes(re.match(_LETTER, bytes([byte])) is not None for byte in range(256))
_RUN = b"\x01" * _LETTERS


class OneEncoding:
    """Looks at a text of one ``encoding`` chunk by chunk."""

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding
        self._last = b""

    def holds(self, chunk: bytes) -> bool:
        """Whether nothing in the next chunk, or where it follows the last one, is in another encoding."""
        window = self._last + chunk
        kept = 2 * _LETTERS + len(window) % 2  # so that a window begins with a whole letter of two bytes
        self._last = window[-kept:]
        if self._encoding == "utf-8":
            return b"\x00" not in window or not _UTF_16.search(window)
        # of two bytes the one that is zero for a Latin letter: a letter there is one of UTF-8, or of the other UTF-16
        high = window[self._encoding == "utf-16-le" :: 2]
        return _RUN not in high.translate(_IS_LETTER)
