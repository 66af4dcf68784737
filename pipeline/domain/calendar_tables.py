"""The tables of ``calendar.toml``: which keys each may have, and what they may hold. Touches no file."""

from __future__ import annotations

from datetime import date, datetime
from fractions import Fraction
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

SelfieMode = Literal["after_draw", "before_draw", "off"]
PolicyMode = Literal["explain", "strict"]
SamePersonMode = Literal["check", "files", "off"]
CardMode = Literal["off", "check"]
BeaconName = Literal["", "drand-quicknet", "demonstration"]


class Area(BaseModel):
    """A ``[[wave.area]]`` table: a share of the quota that is kept for people of one province or regency."""

    model_config = ConfigDict(extra="forbid")
    code: str = Field(pattern=r"^\d{2}(\d{2})?$")  # in the population register, where the KTP has its domicile
    share: float = Field(gt=0, le=1)


class WaveRules(BaseModel):
    """Keys that a declared wave and the weekly rule share."""

    model_config = ConfigDict(extra="forbid")
    quota: int = Field(ge=0)
    seed: str = ""
    seed_source: str = ""
    selfie: SelfieMode = "after_draw"
    policy: PolicyMode = "explain"
    refill: bool = False
    priority_share: float = Field(1.0, ge=0, le=1)
    selfie_policy: str = ""  # a policy file below the data root; empty: the setting's
    same_person: SamePersonMode = "check"  # one against all: faces and pictures; only the files' bytes; nothing
    card: CardMode = "off"  # whether the identity card in the selfie is looked for and its number read
    beacon: BeaconName = ""  # where the randomness of the draw comes from, instead of a seed
    beacon_after: float = Field(24.0, ge=0, le=24 * 366)  # hours from closing to the beacon's round
    area: list[Area] = Field(default_factory=list)

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.seed and self.beacon:
            raise ValueError("a wave has a seed or a beacon, not both")
        if self.area and self.beacon:
            raise ValueError("quotas by area are only for waves with a seed: the public list has no area of a ticket")
        codes = [area.code for area in self.area]
        if twice := sorted({code for code in codes if codes.count(code) > 1}):
            raise ValueError(f"area {twice[0]} stands there twice")
        if sum(Fraction(str(area.share)) for area in self.area) > 1:
            raise ValueError("the shares of the areas are more than the quota")
        return self

    @property
    def areas(self) -> tuple[tuple[str, float], ...]:
        """The areas in the order of their codes."""
        return tuple(sorted((area.code, area.share) for area in self.area))


class Earlier(BaseModel):
    """A ``[[wave.earlier]]`` table: what was announced before a change, and the day of the change."""

    model_config = ConfigDict(extra="forbid")
    changed: date
    quota: int | None = None
    opens: datetime | None = None
    closes: datetime | None = None


class Declared(WaveRules):
    """A ``[[wave]]`` table; each change after its announcement is kept below it and makes a new version."""

    number: int = Field(ge=1, le=9999)
    opens: datetime
    closes: datetime
    earlier: list[Earlier] = Field(default_factory=list)

    @model_validator(mode="after")
    def _in_order(self) -> Declared:
        if self.opens >= self.closes:
            raise ValueError("it closes before it opens")
        if self.opens.tzinfo or self.closes.tzinfo:
            raise ValueError("times are local (WIB) and carry no offset")
        return self


class Recurring(WaveRules):
    """The ``[recurring]`` table."""

    from_: date = Field(alias="from")
    until: date | None = None


class Tables(BaseModel):
    """What a calendar.toml may hold."""

    model_config = ConfigDict(extra="forbid")
    defaults: dict[str, Any] = Field(default_factory=dict)
    wave: list[dict[str, Any]] = Field(default_factory=list)
    recurring: dict[str, Any] | None = None
