"""What the last screening decided about the people who have no place after it, with its reasons in words.

Reads the decisions of the last screening; writes nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.domain import reasons
from pipeline.domain.contracts import CHANGES, DECISIONS
from pipeline.domain.said import LANGUAGES
from pipeline.publication.rescreen import Rescreened
from pipeline.storage import files

_DECIDED = ("registration_id", "outcome", "reviewed", "reasons")
SCHEMA = pa.schema(
    [*(DECISIONS.field(name) for name in _DECIDED), *(CHANGES.field(f"message_{language}") for language in LANGUAGES)]
)


def decided_about(screened: Rescreened, ids: Collection[str]) -> pa.Table:
    """What was decided about these applications (columns of SCHEMA), as far as they were screened again.

    The words are those of the outcome: a person who has yet to decide is not said to have refused. Null: no reason.
    """
    if not screened.decisions.is_file():  # nobody was left to be screened
        return SCHEMA.empty_table()
    wanted = pc.field("registration_id").isin(pa.array(sorted(ids), pa.string()))
    rows = files.read_table(screened.decisions, [*_DECIDED], wanted).to_pylist()
    return pa.Table.from_pylist([_with_words(row) for row in rows], schema=SCHEMA)


def _with_words(row: dict[str, Any]) -> dict[str, Any]:
    codes = row["reasons"]
    if not codes:
        return {**row, "reasons": None}
    said = {f"message_{language}": reasons.messages(codes, language, row["outcome"]) for language in LANGUAGES}
    return {**row, **said}
