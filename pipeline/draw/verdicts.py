"""The verdicts of a run as the allocation of places uses them: an applicant who shares a face or a picture with another
is under review.

Returns SQL; reads nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipeline.domain import contracts
from pipeline.storage import duckdb_sql

#: Below a run's work: what the comparison of every selfie with every other found.
SAME_PERSON = "same_person.parquet"
_WITH_OTHERS = contracts.VERDICTS.append(contracts.SAME_PERSON.field("others"))


def effective_verdicts(verdicts: Sequence[Path], work: Path) -> str:
    """A relation of the verdict files (contract VERDICTS) with ``others`` (contract OTHERS; null: there are none)."""
    if not verdicts:
        return f"({duckdb_sql.empty_query(_WITH_OTHERS)})"
    found = work / SAME_PERSON
    no_rows = duckdb_sql.empty_query(contracts.SAME_PERSON)
    held = f"read_parquet({duckdb_sql.path_list([found])})" if found.is_file() else f"({no_rows})"
    return f"""(SELECT v.* REPLACE (
            CASE WHEN h.registration_id IS NULL THEN v.outcome ELSE 'review' END AS outcome,
            CASE WHEN h.registration_id IS NULL THEN v.reasons ELSE list_concat(v.reasons, h.reasons) END AS reasons
        ), h.others
        FROM read_parquet({duckdb_sql.path_list(verdicts)}) v LEFT JOIN {held} h USING (registration_id))"""
