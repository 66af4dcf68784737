"""What is to be simulated: sizes, shares and the wave, from a preset and the caller's wishes. Reads presets.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from typing import Any

from pipeline.domain.calendar import Wave
from pipeline.domain.errors import BadSettingError

PRESETS = ("demo", "small", "wave-1", "national")
#: With ``--photos drawn``, photographs are delivered for this many times the quota: reviews and refills reach a little
#: further. A preset whose wave has no refill says 1.
MARGIN = 1.3


@dataclass(frozen=True)
class SimulationPlan:
    """One simulated wave."""

    wave: Wave
    seed: int
    registrations: int
    population: int
    quota: int
    shares: dict[str, float]  # of faults before the selfie
    selfie: dict[str, float]  # of faults of the photograph
    card: dict[str, float] = field(default_factory=dict)  # of wrong cards, where the wave looks at cards
    narrow: bool = False  # extracts sorted by NIK, NIK and KK as 64-bit integers
    margin: float = MARGIN
    options: dict[str, Any] = field(default_factory=dict)  # as given, for simulated.json

    def in_force(self) -> dict[str, bool]:
        """Dated rules that this wave applies or not (docs/reference/rules.md); every other rule is always in force."""
        day = self.wave.closing_day.isoformat()
        return {
            "excluded_occupation": day >= "2020-07-08",
            "bsu_recipient": day >= "2020-11-02",
            "kk_limit": day >= "2021-02-23",
        }


@lru_cache(maxsize=1)
def _tables() -> dict[str, Any]:
    return tomllib.loads((files("pipeline.simulate") / "presets.toml").read_text(encoding="utf-8"))


def preset(name: str) -> dict[str, Any]:
    """A preset's table, its shares filled in. Raises BadSettingError for a name that is none."""
    if name not in PRESETS:
        raise BadSettingError(f"There is no preset {name!r}.", f"Choose one of {', '.join(PRESETS)}.")
    table = dict(_tables()[name])
    for key in ("shares", "selfie", "card"):
        if isinstance(table[key], str):
            table[key] = _tables()[table[key]][key]
    return table
