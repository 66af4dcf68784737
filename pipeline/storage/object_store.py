"""Objects of a data root that is no folder (``s3://bucket/prefix``, any fsspec URL): list, get, put, create once.

Keys are relative to the root, with slashes. What fails here is a StoreError, which may heal; what is not there is no
error. Which objects go where is the mirror's business (``mirror.py``).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

import fsspec

from pipeline.domain.errors import GelombangError, StoreError
from pipeline.storage.files import atomic

#: Transfers side by side: small files wait for the answer, not for the line.
_AT_ONCE = 16
#: What a store calls the version of an object, the surest first.
_VERSIONS = ("ETag", "etag", "generation", "md5Hash", "created", "mtime", "LastModified", "last_modified")
#: What a file system says of a name that is no object; some know folders, and say so.
_NOT_THERE = (FileNotFoundError, FileExistsError, NotADirectoryError, IsADirectoryError)
_ADVICE = "Check the URL, the credentials and the endpoint (AWS_* variables); a task that failed so is tried again."


@dataclass(frozen=True)
class Remote:
    """The objects below one URL."""

    url: str

    def endpoint(self) -> str:
        """The server, where it is not the ordinary one: the same URL elsewhere is another root."""
        return str(self._fs()[0].storage_options.get("endpoint_url") or os.environ.get("AWS_ENDPOINT_URL", ""))

    def list(self, prefix: str) -> dict[str, str]:
        """Every object at or below a prefix, with its version."""
        fs, root = self._fs()
        with self._as_store_error(prefix):
            found = fs.find(f"{root}/{prefix}".rstrip("/"), detail=True)
            found = {path: info or fs.info(path) for path, info in found.items()}
        keys = {path[len(root) :].lstrip("/"): info for path, info in found.items() if info["type"] == "file"}
        return {key: _version(info) for key, info in sorted(keys.items()) if is_below(key)}

    def version(self, key: str) -> str | None:
        """The version of an object; None when it is not there."""
        fs, root = self._fs()
        try:
            with self._as_store_error(key):
                return _version(fs.info(f"{root}/{key}"))
        except FileNotFoundError:
            return None

    def get(self, wanted: Iterable[tuple[str, Path]]) -> set[str]:
        """Downloads objects, each whole or not at all; the keys that were there."""

        def one(pair: tuple[str, Path]) -> str | None:
            key, path = pair
            fs, root = self._fs()
            try:
                with self._as_store_error(key), atomic(path) as part:
                    fs.get_file(f"{root}/{key}", str(part))
            except _NOT_THERE:
                return None
            return key

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return {key for key in pool.map(one, wanted) if key}

    def put(self, files: Iterable[tuple[str, Path]]) -> dict[str, str]:
        """Uploads files; the versions that they have there."""

        def one(pair: tuple[str, Path]) -> tuple[str, str]:
            key, path = pair
            fs, root = self._fs()
            with self._as_store_error(key):
                fs.put_file(str(path), f"{root}/{key}")
                return key, _version(fs.info(f"{root}/{key}"))

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return dict(pool.map(one, files))

    def create(self, key: str, data: bytes) -> str | None:
        """Writes an object unless there is one: of many that try, one wins. Its version; None for the others."""
        fs, root = self._fs()
        with self._as_store_error(key):
            try:
                fs.pipe_file(f"{root}/{key}", data, mode="create")
            except FileExistsError:
                return None
            except OSError as e:
                if (
                    "PreconditionFailed" in str(e)
                    or "pre-conditions" in str(e)
                    or "ConditionalRequestConflict" in str(e)
                ):
                    return None
                raise
            return _version(fs.info(f"{root}/{key}"))

    def read(self, key: str) -> bytes | None:
        """A small object; None when it is not there."""
        fs, root = self._fs()
        try:
            with self._as_store_error(key):
                return bytes(fs.cat_file(f"{root}/{key}"))
        except FileNotFoundError:
            return None

    def remove(self, keys: Iterable[str]) -> None:
        """Removes objects; one that is gone already is no error."""
        fs, root = self._fs()
        for key in keys:
            with self._as_store_error(key):
                try:
                    fs.rm_file(f"{root}/{key}")
                except FileNotFoundError:
                    continue

    def forget_versions(self, key: str) -> None:
        """Deletes what a store that keeps versions has of an object beside the newest one.

        Known for S3 alone: of another store's versions nothing is known. Raises StoreError.
        """
        fs, root = self._fs()
        if not hasattr(fs, "call_s3"):
            return
        bucket, name, _ = fs.split_path(f"{root}/{key}")
        try:
            for one in fs.call_s3("list_object_versions", Bucket=bucket, Prefix=name).get("Versions", []):
                if one["Key"] == name and not one["IsLatest"]:
                    fs.call_s3("delete_object", Bucket=bucket, Key=name, VersionId=one["VersionId"])
        except Exception as e:  # whatever the store answers to one who may not ask
            raise StoreError(
                f"Older versions of {self.url}/{key} may be left: {type(e).__name__}: {e}.",
                "Delete them in the store, and allow s3:ListBucketVersions and s3:DeleteObjectVersion from now on.",
            ) from e

    def _fs(self) -> tuple[Any, str]:
        """The file system and the root in it. No listing is kept: others write here too."""
        with self._as_store_error(""):
            fs, root = fsspec.core.url_to_fs(self.url, use_listings_cache=False)
        return fs, str(root).rstrip("/")

    @contextmanager
    def _as_store_error(self, key: str) -> Iterator[None]:
        """Any error of any kind of store as a StoreError; FileNotFoundError goes on, but for the root itself."""
        try:
            yield
        except _NOT_THERE as e:
            if "specified bucket" in str(e) or "NoSuchBucket" in str(e):
                raise StoreError(f"The data root {self.url} is not there: {e}.", _ADVICE) from e
            raise
        except GelombangError:
            raise
        except Exception as e:  # each library of fsspec has errors of its own
            raise StoreError(f"{self.url}/{key}: {type(e).__name__}: {e}.", _ADVICE) from e


def is_below(key: str) -> bool:
    """Whether a key stays below the root, as a path on this machine too."""
    parts = PurePosixPath(key).parts
    return bool(parts) and ".." not in parts and not key.startswith("/") and "\\" not in key and "\0" not in key


def _version(info: dict[str, Any]) -> str:
    found = next((info[name] for name in _VERSIONS if info.get(name)), "")
    return f"{info.get('size')} {found.timestamp() if isinstance(found, datetime) else found}"
