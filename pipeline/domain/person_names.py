"""Names of people who work with a wave: when two spellings are one person.

Unicode's compatibility form, capitals, accents, blanks and marks, and letters that look alike (UTS #39) do not tell two
people apart. The table has what Latin, Cyrillic and Greek share; no library of the environment has it.
"""

from __future__ import annotations

import unicodedata

#: Small letters, after folding, that are read as another one; the last row: letters and digits of one shape.
_ALIKE = str.maketrans(
    "авекмнорстухԁѕіјԛԝһӏүѵαβεηικνορτυχγıɩ|0l1ɡ",
    "abekmhopctyxdsijqwhiyvabenikvoptuxyiiioiig",
)


def skeleton(name: str) -> str:
    """What every spelling of a name has in common; a name of marks alone is itself."""
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", name).casefold())
    letters = "".join(c for c in folded.translate(_ALIKE) if c.isalnum() and not unicodedata.combining(c))
    return letters or name


def one_person(one: str, other: str) -> bool:
    """Whether two spellings are one person."""
    return skeleton(one) == skeleton(other)
