"""The plan of one run of a wave, fixed before the run does anything else: ``work/wave-NNNN/plan.json``.

The wave as the calendar has it (or as it was started), the extracts that its closing day allows, every setting that a
decision can depend on, and the thresholds of its selfie policy. What later tasks decide follows from the plan: a
calendar, a setting or a policy that is edited during a run changes nothing in it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline import __version__
from pipeline.domain.calendar import Wave
from pipeline.domain.errors import PhotographsDeletedError
from pipeline.domain.run_ref import RunRef
from pipeline.domain.settings import settings
from pipeline.draw.ticket_draw import seeded
from pipeline.ingest.extracts import Extract, resolve_extracts
from pipeline.record import log
from pipeline.storage import files, wave_lock
from pipeline.storage.paths import Store
from pipeline.wave_run import opening
from pipeline.wave_run.decision_settings import DecisionSettings, policy_in_force

if TYPE_CHECKING:
    from pipeline.selfie.policy import SelfiePolicy


@dataclass(frozen=True)
class Plan:
    """A run's plan: where, which wave, which extracts, under which settings and which selfie policy."""

    store: Store
    wave: Wave
    extracts: dict[str, Extract]
    shards: int | None  # as given; None: by the number of photographs
    started: datetime
    settings: DecisionSettings = field(default_factory=lambda: DecisionSettings.in_force(settings()))
    policy: dict[str, Any] | None = None  # None: a wave without selfies, or a plan that did not freeze it yet
    given: dict[str, Any] = field(default_factory=dict)  # values that were given at the start instead of the calendar's
    started_by: str | None = None  # a user's name; None: the schedule

    @property
    def work(self) -> Path:
        """The run's folder between the rooms."""
        return self.store.work(self.wave)

    @property
    def path(self) -> Path:
        """Where the plan is kept."""
        return self.work / "plan.json"

    @classmethod
    def load(cls, ref: RunRef) -> Plan:
        """The plan that ``prepare`` wrote.

        A run that has an id must still hold the wave: raises WaveLockedError.
        """
        store = Store.at(ref.data)
        raw = files.read_json(store.root / ref.plan)
        fields = raw["wave"]
        fields = {**fields, "areas": tuple((code, share) for code, share in fields.get("areas", ()))}
        wave = Wave(**{**fields, **{k: datetime.fromisoformat(fields[k]) for k in ("opens", "closes")}})
        extracts = {name: Extract.from_json(name, x, store) for name, x in raw["extracts"].items()}
        if ref.run_id:
            wave_lock.must_hold(store, wave, ref.run_id)
        wave = seeded(wave, store.work(wave))
        made = cls(store, wave, extracts, raw["shards"], datetime.fromisoformat(raw["started"]))
        made = replace(made, started_by=raw.get("started_by"))
        if "settings" not in raw:  # a plan from a version that did not freeze them
            return made
        frozen = DecisionSettings(**raw["settings"])
        return replace(made, settings=frozen, policy=raw["selfie_policy"], given=raw.get("given", {}))

    def selfie_policy(self) -> SelfiePolicy:
        """Thresholds and operating points: the wave's own policy file, else that of the recogniser in force."""
        from pipeline.selfie.policy import SelfiePolicy

        if self.policy is not None:
            return SelfiePolicy.model_validate(self.policy)
        return policy_in_force(self.store, self.wave)


def make(
    data: str,
    number: int,
    *,
    quota: int | None,
    seed: str | None,
    shards: int | None = None,
    started_by: str | None = None,
) -> Plan:
    """Fixes the plan of a run and writes it over the work of an earlier run; the verdict cache stays.

    Raises the errors of the calendar (UnknownWaveError, BadQuotaError, MissingSeedError), of a wave with a beacon
    (NotOpenedError, OpenedDifferentlyError, KeyLostError, WrongKeyError), of the extracts (MissingExtractError,
    ExtractTooNewError, MissingColumnError, …) and of the selfie policy (BadSettingError, UncalibratedModelError), and
    PhotographsDeletedError, before anything is written.
    """
    store = Store.at(data)
    declared = store.calendar().wave(number)
    wave = declared.with_params(quota=quota, seed=seed)
    if wave.beacon:
        opening.key_as_committed(store, wave)
    extracts = resolve_extracts(store, wave)
    given = {name: getattr(wave, name) for name in ("quota", "seed") if getattr(wave, name) != getattr(declared, name)}
    made = Plan(store, wave, extracts, shards, datetime.now().astimezone(), given=given, started_by=started_by)
    if wave.selfie != "off":
        _photographs_are_kept(store, wave)
        made = replace(made, policy=made.selfie_policy().model_dump(mode="json"))
    files.fresh(made.work)
    files.write_json(
        {
            "wave": {k: v.isoformat() if isinstance(v, date) else v for k, v in asdict(wave).items()},
            "extracts": {name: x.to_json(store) for name, x in extracts.items()},
            "settings": made.settings.model_dump(mode="json"),
            "selfie_policy": made.policy,
            "given": given,
            "shards": shards,
            "started": made.started.isoformat(),
            "started_by": started_by,
            "version": __version__,
        },
        made.path,
    )
    return made


def _photographs_are_kept(store: Store, wave: Wave) -> None:
    """Raises PhotographsDeletedError where the wave's photographs were deleted after their time."""
    deleted = [entry for entry in log.entries(store, wave.number, "deleted") if entry.facts["what"] == "photographs"]
    if deleted and not store.sizes(store.landing(wave, "selfies")):
        raise PhotographsDeletedError(
            f"The photographs of wave {wave.number} were deleted on {deleted[-1].moment.date()}, after their time."
        )
