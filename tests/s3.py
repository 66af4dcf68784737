"""An S3-compatible server on loopback, and "machines" of one: each has a mirror folder of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import fsspec
import requests

from pipeline.domain.settings import settings
from tests.airflow_services import free_port, wait_for

BUCKET = "gelombang"


@contextmanager
def s3_server(log: Path) -> Iterator[dict[str, str]]:
    """Starts a server with one bucket; yields the variables by which a process finds it."""
    port = free_port()
    endpoint = f"http://127.0.0.1:{port}"
    with log.open("wb") as out:
        server = subprocess.Popen(
            [str(Path(sys.executable).with_name("moto_server")), "-H", "127.0.0.1", "-p", str(port)],
            stdout=out, stderr=out, start_new_session=True,
        )  # fmt: skip
    try:
        wait_for("the S3 server", lambda: _answers(endpoint), 60)
        requests.put(f"{endpoint}/{BUCKET}", timeout=30).raise_for_status()
        fsspec.get_filesystem_class("s3").clear_instance_cache()  # one that talks to the server of an earlier test
        yield {
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": "somebody",
            "AWS_SECRET_ACCESS_KEY": "something",
            "AWS_DEFAULT_REGION": "us-east-1",
            "NO_PROXY": "127.0.0.1,localhost",
        }
    finally:
        server.terminate()
        server.wait(20)


def _answers(endpoint: str) -> bool:
    try:
        return requests.get(endpoint, timeout=5).ok
    except requests.RequestException:
        return False


@contextmanager
def machine(mirrors: Path) -> Iterator[None]:
    """What is done inside is done on another machine, as far as mirrors go."""
    before = os.environ.get("GELOMBANG_MIRROR")
    os.environ["GELOMBANG_MIRROR"] = str(mirrors)
    settings.cache_clear()
    try:
        yield
    finally:
        os.environ.pop("GELOMBANG_MIRROR")
        if before is not None:
            os.environ["GELOMBANG_MIRROR"] = before
        settings.cache_clear()


def upload(folder: Path, url: str) -> None:
    """Copies a data root to a store, as ``aws s3 sync`` does; not what lies between rooms."""
    fs, root = fsspec.core.url_to_fs(url)
    for path in sorted(folder.rglob("*")):
        key = path.relative_to(folder).as_posix()
        if path.is_file() and not key.startswith("work/"):
            fs.put_file(str(path), f"{root}/{key}")
