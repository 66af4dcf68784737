"""The fields of the two forms that people fill in on Airflow's page: to start a wave, and to approve its cohort."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Param

from pipeline.domain.errors import BadSettingError

#: Fields that nobody fills in on an ordinary day stand in a part of their own, below the others.
_SELDOM = "Seldom needed"

#: What a form, a REST call or `gelombang run` may say of a run. The data root is configuration: GELOMBANG_DATA.
TRIGGER: dict[str, Param] = {
    "wave": Param(
        None,  # a number that stands there already would be the wrong wave's
        type=["null", "integer"],
        minimum=1,
        maximum=9999,
        title="Wave (required)",
        description="Number of the wave (gelombang), as in the calendar. The command “gelombang waves” lists them.",
    ),
    "quota": Param(
        None,
        type=["null", "integer"],
        minimum=1,
        title="Quota",
        description="Places. Empty: the calendar's.",
    ),
    "seed": Param(
        None,
        type=["null", "string"],
        title="Seed",
        description="Text that the draw is made from. Empty: the calendar's. A wave with a beacon takes none.",
        section=_SELDOM,
    ),
    "shards": Param(
        None,
        type=["null", "integer"],
        minimum=1,
        maximum=1024,
        title="Selfie tasks",
        description="In how many tasks the photographs are checked (shards). Empty: by their number.",
        section=_SELDOM,
    ),
    "out_of_order": Param(
        False,
        type=["null", "boolean"],  # without "null" the form marks it as required, with a red star
        title="Out of order",
        description="Start although the wave before is not published.",
        section=_SELDOM,
    ),
}

#: What an approver says. Over REST every field is sent, `null` where it is empty.
APPROVAL: dict[str, Param] = {
    "decree": Param(
        None,
        type=["null", "string"],
        title="Decree (required to approve)",
        description="Number of the decree (SK). Empty where you reject.",
    ),
    "removing": Param(
        None,
        type=["null", "integer"],
        minimum=0,
        title="Removing",
        description="Empty; only where a publication asked for it: how many the last screening takes out.",
    ),
    "note": Param(None, type=["null", "string"], title="Note", description="Why, above all where it is rejected."),
}


def wave_of(given: dict[str, Any]) -> int:
    """The wave that a form was filled in for. Raises BadSettingError where the field was left empty."""
    if given["wave"] is None:
        raise BadSettingError("The form names no wave.", "Start the run again, and fill in the number of the wave.")
    return int(given["wave"])
