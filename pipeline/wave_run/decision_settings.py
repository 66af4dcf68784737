"""The settings that a decision can depend on, as one run of a wave has them.

``prepare`` freezes them in ``plan.json`` and the manifest repeats them. A setting that is changed while a run waits, or
on one of many machines, changes nothing in it. What only costs time or memory (workers, batches, shards) is not here.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from pipeline.domain.settings import CheckSettings, PhotoLimits, Settings


class DecisionSettings(BaseModel):
    """Settings of one run; the thresholds of its selfie policy are beside them in the plan."""

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
