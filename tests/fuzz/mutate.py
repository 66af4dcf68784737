"""Changes a file a little, as damage and malice do: bits, lengths, parts left out, doubled or from another file.

The same seed gives the same file, so a finding is made again by its kind and number.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

#: What programs read wrongly: signs, ends of ranges, marks of formats, what a spreadsheet or a terminal acts upon.
TOKENS = (
    b"\x00", b"\xff", b"\x00\x00\x00\x00", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\x80\x00\x00\x00",
    b"\xff\xd8", b"\xff\xd9", b"\xff\xda", b"\xff\xc2", b"PAR1", b"\x89PNG", b"IDAT", b"RIFF",
    b"\xef\xbb\xbf", b"\xff\xfe", b'"', b'""', b"\r", b"\n", b"\r\n", b",", b";", b"\t", b"|", b"=1+1", b"\x1b[2J",
    "\u202e".encode(), "\u200b".encode(), "\U0001f600".encode(), b"1e400", b"-0", b"NaN", b"9999-12-31", b"0000-00-00",
    b"sep=;\n", b"\xc3\x28", b"\xed\xa0\x80",
)  # fmt: skip
Mutation = Callable[[bytearray, random.Random], None]


def _at(data: bytearray, dice: random.Random) -> int:
    """A place in the file; the beginning, where headers are, as often as all the rest."""
    return dice.randrange(min(len(data), 512) if dice.random() < 0.5 else len(data))


def _flip(data: bytearray, dice: random.Random) -> None:
    for _ in range(dice.randint(1, 8)):
        data[_at(data, dice)] ^= 1 << dice.randrange(8)


def _overwrite(data: bytearray, dice: random.Random) -> None:
    at, token = _at(data, dice), dice.choice(TOKENS)
    data[at : at + len(token)] = token


def _insert(data: bytearray, dice: random.Random) -> None:
    at = _at(data, dice)
    data[at:at] = dice.choice(TOKENS) * dice.choice((1, 1, 1, 2, 1000))


def _leave_out(data: bytearray, dice: random.Random) -> None:
    at = _at(data, dice)
    del data[at : at + dice.randint(1, max(1, len(data) // 4))]


def _double(data: bytearray, dice: random.Random) -> None:
    at = _at(data, dice)
    part = data[at : at + dice.randint(1, 4096)]
    data[at:at] = part * dice.choice((1, 2, 50))


def _cut(data: bytearray, dice: random.Random) -> None:
    del data[_at(data, dice) :]


def _length(data: bytearray, dice: random.Random) -> None:
    """A number of two, four or eight bytes, in either order, at the ends of its range or off by one."""
    size, order = dice.choice((2, 4, 8)), dice.choice(("big", "little"))
    at = _at(data, dice)
    before = int.from_bytes(data[at : at + size], order)  # type: ignore[arg-type]
    most = 256**size - 1
    value = dice.choice((0, 1, most, most // 2, before + 1, before - 1, before * 2)) & most
    data[at : at + size] = value.to_bytes(size, order)  # type: ignore[arg-type]


MUTATIONS: tuple[Mutation, ...] = (_flip, _overwrite, _insert, _leave_out, _double, _cut, _length)
#: No changed file is larger: time should go into reading many.
MOST_BYTES = 4_000_000


def mutated(seeds: Sequence[bytes], dice: random.Random) -> bytes:
    """One of the seeds, changed one to six times; now and then its end is that of another seed."""
    data = bytearray(dice.choice(seeds))
    if dice.random() < 0.1:
        other = dice.choice(seeds)
        data[dice.randrange(len(data)) :] = other[dice.randrange(len(other)) :]
    for _ in range(dice.choice((1, 1, 1, 2, 3, 6))):
        if data:
            dice.choice(MUTATIONS)(data, dice)
    return bytes(data[:MOST_BYTES])
