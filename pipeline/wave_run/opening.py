"""What is fixed before anybody registers for a wave with a beacon: its key, its terms, its round.

``gelombang open`` makes the key (kept with the installation's secrets) and publishes ``commitment.json``, once. Every
run of the wave is held to it. Reads calendar, rules and policy; touches no delivery.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from hashlib import sha256
from importlib.resources import files
from typing import Any

from pipeline import __version__
from pipeline.domain import errors
from pipeline.domain.calendar import WIB, Wave
from pipeline.domain.settings import settings
from pipeline.draw import beacon
from pipeline.draw.draw import COMMITMENT
from pipeline.record import log
from pipeline.screening.rulebook import recipients_per_kk, rules_in_force
from pipeline.storage import sealed
from pipeline.storage.modes import make_public
from pipeline.storage.paths import Store
from pipeline.wave_run.decision_settings import policy_in_force

#: What decides about places after the draw is known, or says when: no run may change it. The digests of the
#: rules' text and of the calendar are evidence: what they change is in the list, which is fixed before the round.
_BINDING = (
    "wave",
    "opens",
    "closes",
    "quota",
    "priority_share",
    "selfie",
    "refill",
    "policy",
    "same_person",
    "card",
    "selfie_policy_sha256",
    "rules",
    "recipients_per_kk",
    "beacon",
    "round",
)


def commitment_key(wave: Wave) -> str:
    """Where a wave's commitment is, below the data root."""
    return f"published/{wave.key}/{COMMITMENT}"


def commitment_of(store: Store, wave: Wave) -> bytes | None:
    """A wave's commitment as it was published; None: the wave was not opened."""
    return store.read(commitment_key(wave))


def open_wave(store: Store, wave: Wave, now: datetime) -> tuple[dict[str, Any], bool]:
    """Commits to a wave's key and terms; the commitment, and whether it is new. Opening it a second time changes
    nothing.

    Raises BadSettingError for a wave with a seed, OpenedTooLateError, OpenedDifferentlyError, KeyLostError and
    WrongKeyError.
    """
    if not wave.beacon:
        raise errors.BadSettingError(
            f"Wave {wave.number} is drawn by a seed: there is nothing to open.",
            "Only a wave with a `beacon` is opened.",
        )
    new = commitment_of(store, wave) is None
    if new:
        opens = wave.opens.replace(tzinfo=WIB)
        if now.astimezone() >= opens and not beacon.chain_of(wave).demonstration:
            raise errors.OpenedTooLateError(
                f"The registration of wave {wave.number} opened at {wave.opens:%Y-%m-%d %H:%M:%S} WIB."
            )
        key = sealed.key_at(settings().secrets, store.root, _key_name(wave))
        record = {"form": 2, "key_sha256": sha256(key).hexdigest(), **terms(store, wave)}
        text = json.dumps(record, ensure_ascii=False, indent=2) + "\n"
        new = store.create(commitment_key(wave), text.encode())
        if new:
            if not store.elsewhere:
                make_public(store.root / commitment_key(wave), store.root)
            facts = {name: record[name] for name in ("key_sha256", "quota", "beacon", "round", "round_at")}
            facts |= {"file": commitment_key(wave), "file_sha256": sha256(text.encode()).hexdigest()}
            log.note(store, "opened", wave.number, facts)
    key_as_committed(store, wave)
    return _parsed(commitment_of(store, wave), wave), new


def key_as_committed(store: Store, wave: Wave) -> bytes:
    """The key of an opened wave whose terms are still those committed.

    Raises NotOpenedError, OpenedDifferentlyError, KeyLostError, WrongKeyError.
    """
    committed, now = _parsed(commitment_of(store, wave), wave), terms(store, wave)
    if differs := [name for name in _BINDING if committed.get(name) != now.get(name)]:
        changed = "; ".join(f"{name} is {now.get(name)!r}, committed was {committed.get(name)!r}" for name in differs)
        raise errors.OpenedDifferentlyError(f"Wave {wave.number} was opened with other terms: {changed}.")
    name = _key_name(wave)
    path = sealed.key_file(settings().secrets, name)
    if not path.is_file():
        raise errors.KeyLostError(f"The key of wave {wave.number}, {path}, is not there.")
    key = sealed.key_at(settings().secrets, store.root, name)
    if sha256(key).hexdigest() != committed.get("key_sha256"):
        raise errors.WrongKeyError(f"{path} is not the key that wave {wave.number} was opened with.")
    return key


def terms(store: Store, wave: Wave) -> dict[str, Any]:
    """The terms of a wave as they are now: what its commitment says besides the key."""
    chain, round_ = beacon.chain_of(wave), beacon.round_of(wave)
    rules = (files("pipeline.screening") / "rules.toml").read_bytes()
    declared = {name: value for name, value in asdict(wave).items() if name != "areas"}  # a wave with a beacon has none
    calendar = json.dumps(declared, default=str, sort_keys=True, ensure_ascii=False)
    return {
        "wave": wave.key,
        "opens": wave.opens.isoformat(),
        "closes": wave.closes.isoformat(),
        "quota": wave.quota,
        "priority_share": wave.priority_share,
        "selfie": wave.selfie,
        "refill": wave.refill,
        "policy": wave.policy,
        "same_person": wave.same_person,
        **({"card": wave.card} if wave.card != "off" else {}),
        "selfie_policy_sha256": None if wave.selfie == "off" else policy_in_force(store, wave).digest(),
        "rules": [rule.code for rule in rules_in_force(wave)],
        "recipients_per_kk": kk_limit(wave),
        "rules_sha256": sha256(rules).hexdigest(),
        "calendar_sha256": sha256(calendar.encode()).hexdigest(),
        "beacon": wave.beacon,
        "demonstration": chain.demonstration,
        "public_key": chain.public_key,
        "round": round_,
        "round_at": chain.moment_of(round_).isoformat(),
        "software": {"gelombang": __version__},
    }


def kk_limit(wave: Wave) -> int | None:
    """How many recipients a family card may have in a wave; None: no such rule is in force."""
    return recipients_per_kk() if any(rule.code == "kk_limit" for rule in rules_in_force(wave)) else None


def _key_name(wave: Wave) -> str:
    """The name of a wave's key; a rehearsal of a wave has a key of its own."""
    return f"{wave.key}-{'demonstration' if beacon.chain_of(wave).demonstration else 'draw'}"


def _parsed(commitment: bytes | None, wave: Wave) -> dict[str, Any]:
    if commitment is None:
        raise errors.NotOpenedError(f"Wave {wave.number} is drawn by {wave.beacon} and has not been opened.")
    try:
        return dict(json.loads(commitment))
    except (ValueError, TypeError) as e:
        raise errors.UnreadableFileError(f"{commitment_key(wave)} cannot be read: {e}.") from e
