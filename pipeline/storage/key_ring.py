"""One key for each wave, kept below the data root only in wrapped form, under a master key that is elsewhere.

``DATA/keys/wave-0001.json`` has the wrapped key; once it is destroyed, a note that it was. The master key is given by a
variable, is a file with the installation's keys, or stays in a key service (``MasterKey`` is all that one must do).
"""

from __future__ import annotations

import base64
import binascii
import json
import pkgutil
import secrets
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from pipeline.domain.errors import BadSettingError, MasterKeyError, WaveKeyDestroyedError
from pipeline.domain.settings import settings
from pipeline.storage import sealed

FOLDER = "keys"
#: The name of the key that seals the list of people with a place, once their wave's own key is destroyed.
PLACES = "places"
#: Files of the master key, and of the one to come while it takes its place; without their ending.
MASTER, NEXT = "master", "master-next"
_NONCE = 12


class MasterKey(Protocol):
    """What wraps the waves' keys. A key service does the same without giving its key away."""

    name: str

    def wrap(self, key: bytes, about: bytes) -> bytes:
        """The key, sealed; ``about`` must be given again to open it."""
        ...

    def unwrap(self, wrapped: bytes, about: bytes) -> bytes:
        """The key. Raises MasterKeyError where another master key wrapped it."""
        ...


class LocalMasterKey:
    """A master key that this process holds: 32 bytes."""

    def __init__(self, key: bytes) -> None:
        self.name = sealed.name_of(key)
        self._cipher = AESGCM(key)

    def wrap(self, key: bytes, about: bytes) -> bytes:
        """AES-256-GCM, nonce first."""
        nonce = secrets.token_bytes(_NONCE)
        return nonce + self._cipher.encrypt(nonce, key, about)

    def unwrap(self, wrapped: bytes, about: bytes) -> bytes:
        """What ``wrap`` was given."""
        try:
            return self._cipher.decrypt(wrapped[:_NONCE], wrapped[_NONCE:], about)
        except InvalidTag as e:
            raise MasterKeyError("A wave's key was wrapped under another master key, or was changed.") from e


def masters(root: Path) -> list[MasterKey]:
    """The master keys of this installation: the one that keys are wrapped under first, then those that they were.

    A file is made at first use, and never another one for keys that there are. Raises MasterKeyError, BadSettingError.
    """
    chosen = settings().encryption
    found: list[MasterKey] = []
    if chosen.key_service:
        try:
            found.append(pkgutil.resolve_name(chosen.key_service)())
        except (ImportError, AttributeError, ValueError) as e:
            raise BadSettingError(f"GELOMBANG_ENCRYPTION__KEY_SERVICE cannot be used: {e}.") from e
    for given, name in ((chosen.next_master_key, "NEXT_MASTER_KEY"), (chosen.master_key, "MASTER_KEY")):
        if text := given.get_secret_value():
            found.append(LocalMasterKey(_decoded(text, name)))
    kept = [name for name in (NEXT, MASTER, *older()) if sealed.key_file(settings().secrets, name).exists()]
    if not found and not kept:
        if any((root / FOLDER).glob("*.json")):
            raise MasterKeyError(f"{root / FOLDER} has keys, and {MASTER}.key is not here.")
        kept = [MASTER]
    return [*found, *(LocalMasterKey(sealed.key_at(settings().secrets, root, name)) for name in kept)]


def older() -> list[str]:
    """The files, without their ending, of master keys that were changed and that another data root may still need."""
    folder = sealed.key_file(settings().secrets, MASTER).parent
    return sorted(path.stem for path in folder.glob(f"{MASTER}-*.key") if path.stem != NEXT)


def _decoded(given: str, name: str) -> bytes:
    try:
        key = base64.b64decode(given, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != sealed.KEY_BYTES:
        raise BadSettingError(f"GELOMBANG_ENCRYPTION__{name} is not 32 bytes in base64.", "`openssl rand -base64 32`")
    return key


def key_path(root: Path, name: str) -> Path:
    """The path of a wrapped key."""
    return root / FOLDER / f"{name}.json"


def is_destroyed(root: Path, name: str) -> bool:
    """Whether a wave's key was destroyed."""
    return "destroyed" in _read(key_path(root, name))


def made(root: Path, name: str) -> bytes:
    """The key of this name, made if there is none: of several that make it one wins. Raises as ``opened`` does."""
    path = key_path(root, name)
    if not path.exists():
        sealed.make_private(path, wrapped(root, name))
    return opened(root, name)


def wrapped(root: Path, name: str) -> bytes:
    """A new key of this name, wrapped, as it is kept."""
    return _wrapped(root, name, secrets.token_bytes(sealed.KEY_BYTES))


def wrapped_anew(root: Path, name: str) -> bytes:
    """The key of this name as it is kept under the first of ``masters``. Raises as ``opened`` does."""
    return _wrapped(root, name, opened(root, name))


def master_of(root: Path, name: str) -> str | None:
    """The name of the master key that a key is wrapped under; None once it is destroyed."""
    found = _read(key_path(root, name)).get("master")
    return str(found) if found is not None else None


def _wrapped(root: Path, name: str, key: bytes) -> bytes:
    lord = masters(root)[0]
    text = base64.b64encode(lord.wrap(key, name.encode())).decode()
    return json.dumps({"of": name, "key": sealed.name_of(key), "master": lord.name, "wrapped": text}).encode() + b"\n"


def opened(root: Path, name: str) -> bytes:
    """The key of this name. Raises WaveKeyDestroyedError, MasterKeyError."""
    path = key_path(root, name)
    read = _read(path)
    if not read:
        raise MasterKeyError(f"{path} is not there: what it sealed cannot be opened.")
    if "destroyed" in read:
        raise WaveKeyDestroyedError(f"The key of {name} was destroyed on {read['destroyed']}.")
    lord = next((lord for lord in masters(root) if lord.name == read.get("master")), None)
    if lord is None:
        raise MasterKeyError(f"{path} was wrapped under another master key than the one that is here.")
    return lord.unwrap(base64.b64decode(read["wrapped"]), name.encode())


def gone(root: Path, name: str, now: datetime) -> bytes:
    """What takes the place of a wrapped key that is destroyed."""
    kept = _read(key_path(root, name)).get("key", "")
    return json.dumps({"of": name, "key": kept, "destroyed": now.isoformat(timespec="seconds")}).encode() + b"\n"


def _read(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError) as e:
        raise MasterKeyError(f"{path} cannot be read.") from e
