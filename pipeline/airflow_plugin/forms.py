"""The fields of the two forms that people fill in on Airflow's page: to start a wave, and to approve its cohort.

Their titles and descriptions are in the installation's language, as the text above the fields is; the words are in
``labels.toml``. The buttons are Airflow's own.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import Param

from pipeline.domain.errors import BadSettingError
from pipeline.domain.settings import settings
from pipeline.reports.language.labels import translator

_INTEGER, _TEXT = ["null", "integer"], ["null", "string"]


def trigger(language: str) -> dict[str, Param]:
    """What a form, a REST call or `gelombang run` may say of a run. The data root is configuration: GELOMBANG_DATA."""
    t = translator(language)
    # fields that nobody fills in on an ordinary day are in a part of their own, below the others
    seldom = t("trigger.seldom")
    return {
        "wave": Param(
            None,  # a number that is filled in would be the wrong wave's
            type=_INTEGER,
            minimum=1,
            maximum=9999,
            title=t("trigger.wave"),
            description=t("trigger.wave_says"),
        ),
        "quota": Param(None, type=_INTEGER, minimum=1, title=t("trigger.quota"), description=t("trigger.quota_says")),
        "seed": Param(None, type=_TEXT, title=t("trigger.seed"), description=t("trigger.seed_says"), section=seldom),
        "shards": Param(
            None,
            type=_INTEGER,
            minimum=1,
            maximum=1024,
            title=t("trigger.shards"),
            description=t("trigger.shards_says"),
            section=seldom,
        ),
        "out_of_order": Param(
            default=False,
            type=["null", "boolean"],  # without "null" the form marks it as required, with a red star
            title=t("trigger.out_of_order"),
            description=t("trigger.out_of_order_says"),
            section=seldom,
        ),
    }


def approval(language: str) -> dict[str, Param]:
    """What an approver says. Over REST every field is sent, `null` where it is empty."""
    t = translator(language)
    return {
        "decree": Param(None, type=_TEXT, title=t("approval.decree"), description=t("approval.decree_says")),
        "removing": Param(
            None, type=_INTEGER, minimum=0, title=t("approval.removing"), description=t("approval.removing_says")
        ),
        "note": Param(None, type=_TEXT, title=t("approval.note"), description=t("approval.note_says")),
    }


TRIGGER, APPROVAL = trigger(settings().language), approval(settings().language)
#: The title of the approval, filled in by Airflow when the cohort is there.
SUBJECT = translator(settings().language)(
    "approval.subject", wave="{{ ti.xcom_pull(task_ids='finish')['run']['wave'] }}"
)


def wave_of(given: dict[str, Any]) -> int:
    """The wave that a form was filled in for. Raises BadSettingError where the field was left empty."""
    if given["wave"] is None:
        raise BadSettingError("The form names no wave.", "Start the run again, and fill in the number of the wave.")
    return int(given["wave"])
