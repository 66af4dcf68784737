"""One entry of the record: what happened, when, to which wave, after which other entry; signed. Touches no file."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any, Literal, get_args

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

Event = Literal[
    "record_began",
    "run_prepared",
    "deliveries",
    "imported",
    "list_frozen",
    "verified",
    "run_finished",
    "reviewed",
    "approved",
    "published",
    "unlocked",
    "looked_up",
    "objected",
    "objection_decided",
    "deleted",
    "sealed_anew",
    "key_destroyed",
    "master_key_changed",
    "erased",
    "opened",
    "beacon",
]
#: What can be recorded; each has its words in history.toml.
EVENTS: tuple[Event, ...] = get_args(Event)

#: What the first entry follows.
NOTHING = "0" * 64
#: Facts that somebody typed. A NIK or KK in them, also in groups, would stay for good.
_TYPED = ("why", "asked_by")
_NUMBER = re.compile(r"(?<!\d)(\d{4})(?:[ .\-/]?\d){12}(?!\d)")


@dataclass(frozen=True)
class Entry:
    """The ``number``-th entry (from 1). ``before``: SHA-256 of the entry before it, byte for byte, in hex.

    ``facts`` depend on the event (docs/reference/record.md); no NIK and no name of an applicant is ever among them.
    ``key`` and ``signature`` (Ed25519, RFC 8032; hex) are over everything else.
    """

    number: int
    before: str
    at: str
    event: str
    wave: int | None
    by: str
    software: str
    facts: dict[str, Any]
    key: str = ""
    signature: str = ""

    @property
    def moment(self) -> datetime:
        """When it was written, with its offset."""
        return datetime.fromisoformat(self.at)

    def signed(self, key: Ed25519PrivateKey) -> Entry:
        """The entry under a key."""
        named = replace(self, key=key.public_key().public_bytes_raw().hex())
        return replace(named, signature=key.sign(named._text()).hex())

    def is_signed(self) -> bool:
        """Whether the signature is that of the key which the entry names."""
        try:
            key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(self.key))
            key.verify(bytes.fromhex(self.signature), self._text())
        except (ValueError, InvalidSignature):
            return False
        return True

    def to_bytes(self) -> bytes:
        """The entry as it is kept."""
        return (json.dumps(asdict(self), ensure_ascii=False, indent=1) + "\n").encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Entry:
        """The entry that was kept. Raises ValueError, TypeError for anything else."""
        return cls(**json.loads(data))

    def _text(self) -> bytes:
        """What is signed: all but the signature, in one way of writing."""
        fields = {name: value for name, value in asdict(self).items() if name != "signature"}
        return json.dumps(fields, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def without_numbers(facts: dict[str, Any]) -> dict[str, Any]:
    """The facts; in those that somebody typed, every NIK and KK is masked but for its first four digits."""
    typed = {name: facts[name] for name in _TYPED if isinstance(facts.get(name), str)}
    return {**facts, **{name: _NUMBER.sub(rf"\g<1>{'*' * 12}", text) for name, text in typed.items()}}


def digest(kept: bytes) -> str:
    """What the entry after one names as ``before``."""
    return sha256(kept).hexdigest()
