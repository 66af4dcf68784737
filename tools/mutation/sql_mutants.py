"""Mutants of a piece of SQL: the same text with one small change, such as ``<`` for ``<=`` or a condition left out.

Works on words, not on a parsed query, because the files have holes and macros that no parser knows. So a few mutants
are no SQL at all; these fail any test. Touches no file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    r"--[^\n]*|'(?:[^']|'')*'|\{[a-z_]+\}|\$[a-z_]+|[A-Za-z_]\w*|\d+|<>|<=|>=|<<|>>|->|\|\||::|//|\S", re.ASCII
)
#: What one word may become.
SWAPS = {
    "<": "<=", "<=": "<", ">": ">=", ">=": ">", "=": "<>", "<>": "=", "+": "-", "-": "+",
    "AND": "OR", "OR": "AND", "NOT": "", "DISTINCT": "", "DESC": "ASC", "LEFT": "INNER",
    "true": "false", "false": "true",
    "min": "max", "max": "min", "least": "greatest", "greatest": "least", "bool_and": "bool_or", "bool_or": "bool_and",
    "lower": "", "upper": "", "trim": "", "ltrim": "", "dense_rank": "row_number",
}  # fmt: skip
#: The words at which a condition begins or ends.
_BEGIN = {"WHERE", "AND", "OR", "WHEN", "ON", "HAVING", "THEN", "ELSE", "SELECT", "QUALIFY", "AS", ",", ";"}
_END = {"AND", "OR", "THEN", "WHEN", "ELSE", "AS", "FROM", "WHERE", "GROUP", "ORDER", "HAVING", "QUALIFY", "WINDOW"}
_END |= {"UNION", "LEFT", "JOIN", ",", ";"}
_WHOLE = _END - {"AND", "OR"}


@dataclass(frozen=True)
class Mutant:
    """One change: what it says, the line (from 1), and the whole text with it."""

    what: str
    line: int
    text: str


@dataclass(frozen=True)
class _Token:
    text: str
    start: int
    end: int
    depth: int


def mutants(text: str) -> list[Mutant]:
    """All mutants of a text, in its order; none is there twice, and none is the text."""
    found: dict[str, Mutant] = {}
    for start, end, new in sorted(_edits(_tokens(text))):
        changed = text[:start] + new + text[end:]
        if changed != text and changed not in found:
            old, new = " ".join(text[start:end].split()), new.strip()
            what = f"`{old}` → `{new}`" if old and new else f"without `{old}`" if old else f"with `{new}`"
            found[changed] = Mutant(what, text.count("\n", 0, start) + 1, changed)
    return list(found.values())


def _tokens(text: str) -> list[_Token]:
    depth, found = 0, []
    for match in _TOKEN.finditer(text):
        word = match[0]
        if word.startswith("--"):
            continue
        if word in (")", "]", "END"):
            depth -= 1
        found.append(_Token(word, match.start(), match.end(), depth))
        if word in ("(", "[", "CASE"):
            depth += 1
    return found


def _edits(tokens: list[_Token]) -> Iterator[tuple[int, int, str]]:
    """(start, end, new text) of every change."""
    words = [token.text for token in tokens]
    for i, token in enumerate(tokens):
        before, after = words[i - 1] if i else "", words[i + 1] if i + 1 < len(words) else ""
        fixed = (before, token.text) == ("CREATE", "OR") or (token.text, after) == ("DISTINCT", "FROM")
        between = token.text == "AND" and _of_between(tokens, i)
        if token.text in SWAPS and not fixed and not between:
            yield token.start, token.end, SWAPS[token.text]
        if token.text.isdigit():
            yield token.start, token.end, str(int(token.text) + 1)
        if token.text == "IS" and after == "NULL":
            yield token.start, token.end, "IS NOT"
        if token.text in ("AND", "OR") and not between and before != "CREATE":
            first, last = _left(tokens, i), _right(tokens, i)
            yield tokens[first].start, tokens[i + 1].start, ""
            yield tokens[i - 1].end, tokens[last].end, ""
        if token.text == "WHERE":
            yield tokens[i + 1].start, tokens[_right(tokens, i, _WHOLE)].end, "true"
        if token.text == "WHEN":
            yield tokens[i + 1].start, tokens[_right(tokens, i, _WHOLE)].end, "false"
        if token.text == "FILTER":
            yield token.start, tokens[_close(tokens, i + 1)].end, ""
        if token.text == "coalesce":
            yield from _first_of(tokens, i)
        if token.text == "PARTITION":
            stop = _until(tokens, i, {"ORDER", ")"})
            yield token.start, tokens[stop].start, ""
        if token.text == "ORDER":
            yield from _order(tokens, i)


def _of_between(tokens: list[_Token], i: int) -> bool:
    """Whether an AND is the second half of a BETWEEN."""
    for token in reversed(tokens[:i]):
        if token.depth < tokens[i].depth or (token.depth == tokens[i].depth and token.text in ("AND", "OR", "WHEN")):
            return False
        if token.depth == tokens[i].depth and token.text == "BETWEEN":
            return True
    return False


def _left(tokens: list[_Token], i: int) -> int:
    """The first word of the condition that ends before word ``i``."""
    depth, j = tokens[i].depth, i
    while j and not (tokens[j - 1].depth < depth or (tokens[j - 1].depth == depth and tokens[j - 1].text in _BEGIN)):
        j -= 1
    return j


def _right(tokens: list[_Token], i: int, ends: set[str] = _END) -> int:
    """The last word of the condition that begins after word ``i``."""
    depth, j = tokens[i].depth, i
    while j + 1 < len(tokens):
        after = tokens[j + 1]
        end = after.depth == depth and after.text in ends and not (after.text == "AND" and _of_between(tokens, j + 1))
        if after.depth < depth or end:
            break
        j += 1
    return j


def _close(tokens: list[_Token], i: int) -> int:
    """The bracket that closes the one at ``i``."""
    return next(j for j in range(i + 1, len(tokens)) if tokens[j].depth == tokens[i].depth)


def _until(tokens: list[_Token], i: int, words: set[str]) -> int:
    return next(j for j in range(i + 1, len(tokens)) if tokens[j].text in words and tokens[j].depth <= tokens[i].depth)


def _first_of(tokens: list[_Token], i: int) -> Iterator[tuple[int, int, str]]:
    """``coalesce(a, b)`` → ``coalesce(a)``."""
    close = _close(tokens, i + 1)
    commas = [j for j in range(i + 2, close) if tokens[j].text == "," and tokens[j].depth == tokens[i + 1].depth + 1]
    if commas:
        yield tokens[commas[0]].start, tokens[close].start, ""


def _order(tokens: list[_Token], i: int) -> Iterator[tuple[int, int, str]]:
    """Each key of an ORDER BY left out, where there are several, and the first one the other way round."""
    depth, keys, first, j = tokens[i].depth, [], i + 2, i + 2
    while j < len(tokens) and tokens[j].depth >= depth and tokens[j].text not in (";", "ROWS"):
        if tokens[j].text == "," and tokens[j].depth == depth:
            keys.append((first, j - 1))
            first = j + 1
        j += 1
    keys.append((first, j - 1))
    (_, end), *_ = keys
    if tokens[end].text != "DESC":
        yield tokens[end].end, tokens[end].end, " DESC"
    for n, (one, last) in enumerate(keys):
        if len(keys) > 1:
            comma = (tokens[one].start, tokens[last + 1].end) if n == 0 else (tokens[one - 1].start, tokens[last].end)
            yield *comma, ""
