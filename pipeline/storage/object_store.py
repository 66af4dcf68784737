"""Objects of a data root that is no folder (``s3://bucket/prefix``, any fsspec URL): list, get, put, create once.

Keys are relative to the root, with slashes. What fails here is a StoreError, which may heal; what is not there is no
error. Which objects go where is the mirror's business (``mirror.py``).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
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

    def sizes(self, prefix: str) -> dict[str, int]:
        """Every object at or below a prefix, with its bytes."""
        return {key: int(version.split()[0]) for key, version in self.list(prefix).items()}

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

        def one(key: str) -> None:
            fs, root = self._fs()
            with suppress(FileNotFoundError), self._as_store_error(key):
                fs.rm_file(f"{root}/{key}")

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for _ in pool.map(one, keys):
                pass

    def forget_versions(self, key: str) -> None:
        """Deletes what a store that keeps versions has of an object besides the newest one.

        Known for S3 alone: of another store's versions nothing is known. Raises StoreError.
        """
        self._delete_versions(lambda name: name == key, key, newest=False)

    def destroy(self, key: str) -> None:
        """Deletes an object, or all below a folder, in every version that the store keeps. Raises StoreError.

        Older versions go first: killed in between, what is left is still listed.
        """
        below = f"{key.rstrip('/')}/"
        self._delete_versions(lambda name: name == key or name.startswith(below), key, newest=True)
        self.remove(self.list(key))

    def _delete_versions(self, concerns: Callable[[str], bool], key: str, *, newest: bool) -> None:
        """Deletes the versions of the objects concerned, which begin with a key; the newest only if that is asked."""
        fs, root = self._fs()
        if not hasattr(fs, "call_s3"):
            return
        bucket, prefix, _ = fs.split_path(f"{root}/{key}")
        above = prefix.removesuffix(key)

        def one(kept: dict[str, Any]) -> None:
            version = {} if kept["VersionId"] == "null" else {"VersionId": kept["VersionId"]}
            fs.call_s3("delete_object", Bucket=bucket, Key=kept["Key"], **version)

        try:
            versions, markers = _versions_of(fs, bucket, prefix.rstrip("/"))
            wanted = [v for v in versions if concerns(v["Key"].removeprefix(above))]
            older = [v for v in wanted if not v["IsLatest"]]
            rest = [v for v in wanted if v["IsLatest"]]
            gone = [m for m in markers if concerns(m["Key"].removeprefix(above))]
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                for part in (older, gone, rest) if newest else (older,):
                    list(pool.map(one, part))
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


def _versions_of(fs: Any, bucket: str, prefix: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Every version of the objects of a bucket on S3 whose names begin so, and the marks of those that were removed."""
    versions, markers, place = list[dict[str, Any]](), list[dict[str, Any]](), dict[str, str]()
    while True:
        page = fs.call_s3("list_object_versions", Bucket=bucket, Prefix=prefix, **place)
        versions += page.get("Versions", [])
        markers += page.get("DeleteMarkers", [])
        if not page.get("IsTruncated"):
            return versions, markers
        place = {"KeyMarker": page["NextKeyMarker"], "VersionIdMarker": page.get("NextVersionIdMarker", "")}


def _version(info: dict[str, Any]) -> str:
    found = next((info[name] for name in _VERSIONS if info.get(name)), "")
    return f"{info.get('size')} {found.timestamp() if isinstance(found, datetime) else found}"
