"""Who may review: a list of names, each with the hash of a token that was shown once, to its reviewer only.

It is with the installation's secrets, outside the data root. A token ends after GELOMBANG_REVIEW__TOKEN_DAYS, when
the reviewer gets another, or when they are taken off the list. Two spellings that look alike are one name.
"""

from __future__ import annotations

import hmac
import json
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from filelock import FileLock

from pipeline.domain.errors import BadSettingError
from pipeline.domain.person_names import skeleton
from pipeline.domain.settings import settings
from pipeline.storage import files
from pipeline.storage.sealed import key_at

#: A name is used in file names and between commas.
_NAME = re.compile(r"\w[\w .@-]{0,59}")


@dataclass(frozen=True)
class _Listed:
    """A reviewer: the name as it is on decisions, the hash of their token, and until when it holds."""

    name: str
    token_hmac: str
    until: str


def reviewers_name(given: str) -> str:
    """A name as it is written on decisions. Raises BadSettingError."""
    name = " ".join(given.split())
    if not _NAME.fullmatch(name):
        raise BadSettingError(
            f"“{name}” cannot be a reviewer's name.",
            "Use letters, digits, spaces and . _ @ - (60 at most), a letter or digit first.",
        )
    return name


class Reviewers:
    """The list of an installation. ``root`` is the data root, below which it may not be. Raises BadSettingError."""

    def __init__(self, root: Path) -> None:
        self._key = key_at(settings().secrets, root, "reviewers")
        self._path = settings().secrets.expanduser().absolute() / "reviewers.json"

    def add(self, given: str) -> tuple[str, datetime]:
        """A new token for a reviewer, and until when it holds; one that they had before ends.

        Raises BadSettingError for a name that is read as another reviewer's.
        """
        name, token = reviewers_name(given), secrets.token_urlsafe(32)
        until = datetime.now(UTC) + timedelta(days=settings().review.token_days)
        with self._changing() as listed:
            before = listed.get(skeleton(name))
            if before is not None and before.name != name:
                raise BadSettingError(
                    f"“{name}” is read as “{before.name}”, who is a reviewer already.", "Give a name that differs."
                )
            listed[skeleton(name)] = _Listed(name, self._hash(token), until.isoformat(timespec="seconds"))
        return token, until

    def remove(self, given: str) -> bool:
        """Takes a reviewer off the list: their token ends at once. False where they were not on it."""
        with self._changing() as listed:
            return listed.pop(skeleton(reviewers_name(given)), None) is not None

    def named(self, token: str) -> str | None:
        """Whose token it is; None for a token that is no longer valid."""
        given, found = self._hash(token), None
        for one in self._listed().values():
            if hmac.compare_digest(one.token_hmac, given) and datetime.fromisoformat(one.until) > datetime.now(UTC):
                found = one.name
        return found

    def is_empty(self) -> bool:
        """Whether the list is empty."""
        return not self._listed()

    def _hash(self, token: str) -> str:
        return hmac.digest(self._key, token.encode(), "sha256").hex()

    def _listed(self) -> dict[str, _Listed]:
        if not self._path.is_file():
            return {}
        try:
            return {skeleton(one["name"]): _Listed(**one) for one in json.loads(self._path.read_text("utf-8"))}
        except (ValueError, TypeError, KeyError) as e:
            raise BadSettingError(
                f"The list of reviewers {self._path} cannot be read.", "Delete it; give new tokens."
            ) from e

    @contextmanager
    def _changing(self) -> Iterator[dict[str, _Listed]]:
        with FileLock(str(self._path.with_suffix(".lock"))):
            listed = self._listed()
            yield listed
            files.write_json([asdict(one) for _, one in sorted(listed.items())], self._path)
            self._path.chmod(0o600)
