"""The fields of the two forms that people fill in on Airflow's page: to start a wave, and to approve its cohort."""

from __future__ import annotations

from airflow.sdk import Param

#: What a form, a REST call or `gelombang run` may say of a run. The data root is configuration: GELOMBANG_DATA.
TRIGGER: dict[str, Param] = {
    "wave": Param(
        1,
        type="integer",
        minimum=1,
        maximum=9999,
        title="Wave",
        description="Number of the wave (gelombang) in the calendar.",
    ),
    "quota": Param(
        None, type=["null", "integer"], minimum=1, title="Quota", description="Places. Empty: the calendar's."
    ),
    "seed": Param(
        None,
        type=["null", "string"],
        title="Seed",
        description="Text that the draw is made from. Empty: the calendar's.",
    ),
    "shards": Param(
        None,
        type=["null", "integer"],
        minimum=1,
        maximum=1024,
        title="Shards",
        description="Selfie tasks. Empty: by the number of photographs.",
    ),
    "out_of_order": Param(
        False, type="boolean", title="Out of order", description="Start although the wave before is not published."
    ),
}

#: What an approver says. Over REST every field is sent, `null` where it is empty.
APPROVAL: dict[str, Param] = {
    "decree": Param(
        None, type=["null", "string"], title="Decree", description="Number of the decree that publishes it."
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
