"""The settings that a decision can depend on, as one run of a wave has them.

``prepare`` freezes them in ``plan.json`` and the manifest repeats them. A setting that is changed while a run waits, or
on one of many machines, changes nothing in it. Settings that change only time or memory (workers, batches, shards) are
not here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from pipeline.domain.calendar import Wave
from pipeline.domain.settings import CheckSettings, PhotoLimits, Settings, settings
from pipeline.storage.paths import Store

if TYPE_CHECKING:
    from pipeline.selfie.policy import SelfiePolicy


class DecisionSettings(BaseModel):
    """Settings of one run; the thresholds of its selfie policy are in the plan too."""

    model_config = ConfigDict(frozen=True)
    second_reviewer: bool
    photos: PhotoLimits
    checks: CheckSettings

    @classmethod
    def in_force(cls, settings: Settings) -> DecisionSettings:
        """The settings of this process."""
        return cls(second_reviewer=settings.review.second, photos=settings.selfie.limits(), checks=settings.checks)

    def flat(self) -> dict[str, Any]:
        """Every setting by one name, such as ``checks.few_rows``, for the manifest."""
        found: dict[str, Any] = {}
        for name, value in self.model_dump(mode="json").items():
            found |= {f"{name}.{k}": v for k, v in value.items()} if isinstance(value, dict) else {name: value}
        return found


def policy_in_force(store: Store, wave: Wave) -> SelfiePolicy:
    """Thresholds and operating points: the wave's own policy file, else that of the recogniser in force."""
    from pipeline.selfie.policy import SelfiePolicy

    given = settings()
    if wave.selfie_policy:
        store.pull(wave.selfie_policy)
        own = {"policy_file": store.root / wave.selfie_policy}
        given = given.model_copy(update={"selfie": given.selfie.model_copy(update=own)})
    return SelfiePolicy.default(given)
