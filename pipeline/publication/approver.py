"""Who may approve a cohort: a person on the approvers' list who did not start the run.

Says what it found, for the publication's record: who was asked about the approver's name, and what was not checked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from pipeline.domain.errors import NotAnApproverError, OwnRunError
from pipeline.domain.person_names import one_person
from pipeline.domain.settings import settings
from pipeline.wave_run.plan import Plan

#: A file in the landing of a wave that `gelombang simulate` made.
SIMULATED = "landing/{wave}/simulated.json"


@dataclass(frozen=True)
class Approver:
    """Who approves: every name that ``asked`` knows the person by, the first for the record."""

    names: tuple[str, ...]
    asked: Literal["airflow", "operating system"]


def settled(run: Plan, approver: Approver, note: str = "") -> dict[str, Any]:
    """What the publication's record says of its approver. Raises NotAnApproverError, OwnRunError."""
    listed = settings().approvers
    if listed and not set(approver.names) & set(listed):
        raise NotAnApproverError(f"{approver.names[0]} is not on the list of approvers.")
    own = run.started_by is not None and any(one_person(name, run.started_by) for name in approver.names)
    return {
        "name": approver.names[0],
        "asked": approver.asked,
        "on_list": bool(listed),
        "run_started_by": run.started_by,
        "one_person": _allowed(run, approver) if own else None,
        "note": note,
    }


def _allowed(run: Plan, approver: Approver) -> str:
    """Why one person may start a run and approve it. Raises OwnRunError."""
    if settings().one_person:
        return "GELOMBANG_ONE_PERSON"
    if run.store.read(SIMULATED.format(wave=run.wave.key)) is not None:
        return "simulated"
    raise OwnRunError(f"{approver.names[0]} started the run of wave {run.wave.number} and cannot approve its cohort.")
