"""Verdicts on selfies that were erased on request: what was decided from them before stands.

A wave that is run again does not find these photographs. It would refuse who sent them, and take back a place of which
`gelombang erase` says that it stays. Reads the record and the outputs of the finished run; writes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.domain import contracts, reasons
from pipeline.record import log
from pipeline.storage import files
from pipeline.wave_run import evidence
from pipeline.wave_run.plan import Plan

_MISSING = "selfie_missing"
_DECIDED = ("registration_id", "outcome", "reasons", "warnings", "similarity", "selfie_decision", "reviewed")


def as_decided(run: Plan, verdicts: pa.Table) -> pa.Table:
    """The verdicts (contract VERDICTS), with the finished run's for people whose selfies were erased on request.

    Raises NotWhatWasApprovedError where that run's outputs are not as it left them: nobody gets a verdict by an edited
    table.
    """
    ids = _erased(run)
    if not ids:
        return verdicts
    rows = verdicts.to_pylist()
    ids &= {row["registration_id"] for row in rows if _MISSING in row["reasons"]}
    if not ids:
        return verdicts
    before = _decided(run, ids)
    rows = [before.get(row["registration_id"], row) for row in rows]
    return pa.Table.from_pylist(rows, contracts.VERDICTS)


def _erased(run: Plan) -> set[str]:
    """Applications whose selfies were erased on request, by the record."""
    noted = log.entries(run.store, run.wave.number, "erased")
    given = [entry.facts["registration_id"] for entry in noted if entry.facts["what"] == "photographs"]
    return {id_ for ids in given for id_ in ids.split(", ")}


def _decided(run: Plan, ids: set[str]) -> dict[str, dict[str, Any]]:
    """The verdict that each of these applications had, as far as it had one."""
    run.store.pull(f"waves/{run.wave.key}/")
    evidence.outputs_must_be_as_decided(run)
    wanted = pc.field("registration_id").isin(pa.array(sorted(ids), pa.string())) & pc.field("selfie_verified")
    decisions = run.store.out(run.wave) / "decisions.parquet"
    found = files.read_table(decisions, [*_DECIDED, "selfie_verified"], wanted).to_pylist()
    return {row["registration_id"]: _verdict(row) for row in found}


def _verdict(row: Mapping[str, Any]) -> dict[str, Any]:
    """A verdict (contract VERDICTS) from a decision; scores and hashes are no longer known. What an officer decided is
    their decision again."""
    own = {*reasons.codes("selfie"), reasons.LIFTED}
    codes = {name: [code for code in row[name] if code in own] for name in ("reasons", "warnings")}
    to_a_person = row["reviewed"] or row["outcome"] == "review"
    outcome = "review" if to_a_person else "rejected" if codes["reasons"] else "passed"
    said = {"registration_id": row["registration_id"], "outcome": outcome, "similarity": row["similarity"], **codes}
    return {**dict.fromkeys(contracts.VERDICTS.names), **said, "decision": row["selfie_decision"]}
