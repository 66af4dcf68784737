"""What the last screening decided about the people who have no place after it, with its reasons in words.

Reads the decisions of the last screening; writes nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.domain import reasons
from pipeline.domain.contracts import CHANGES, DECISIONS
from pipeline.publication.rescreen import Rescreened
from pipeline.storage import files

SCHEMA = pa.schema(
    [DECISIONS.field(name) for name in ("registration_id", "outcome", "reviewed")]
    + [CHANGES.field(name) for name in ("reasons", "message_id", "message_en")]
)


def taken_out(screened: Rescreened, *cohorts: Path) -> set[str]:
    """The people of these cohorts who have no place after the last screening."""
    return set[str]().union(*map(people, cohorts)) - people(screened.cohort)


def decided_about(screened: Rescreened, ids: Collection[str]) -> pa.Table:
    """What was decided about these applications (columns of SCHEMA), as far as they were screened again.

    The words are those of the outcome: a person who has yet to decide is not said to have refused. Null: no reason.
    """
    if not screened.decisions.is_file():  # nobody was left to be screened
        return SCHEMA.empty_table()
    wanted = pc.field("registration_id").isin(pa.array(sorted(ids), pa.string()))
    rows = files.read_table(
        screened.decisions, ["registration_id", "outcome", "reviewed", "reasons"], wanted
    ).to_pylist()
    return pa.Table.from_pylist([_with_words(row) for row in rows], schema=SCHEMA)


def people(cohort: Path) -> set[str]:
    """The applications of a cohort."""
    return set(files.read_table(cohort, ["registration_id"])["registration_id"].to_pylist())


def _with_words(row: dict[str, Any]) -> dict[str, Any]:
    codes = reasons.ordered(row["reasons"])
    if not codes:
        return {**row, "reasons": None}
    said = {
        f"message_{language}": " ".join(reasons.message(code, language, row["outcome"]) for code in codes)
        for language in ("id", "en")
    }
    return {**row, **said}
