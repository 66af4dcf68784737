"""The wave in the name of a run that a person starts: by the form on Airflow's page, or by its REST interface.

Airflow asks the timetable for a name before it has read the form, so the name could not contain the wave
it. This runs in front of Airflow's web server and fills in the field *Run ID* where it was left empty. It touches no
other field and no other request; who may start a run, and with what, Airflow itself decides afterwards.
"""

from __future__ import annotations

import json
from typing import Any

from airflow.utils.types import DagRunType
from pendulum import DateTime
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline.airflow_plugin.timetable import WaveTimetable
from pipeline.domain.calendar import WIB
from pipeline.domain.wave_keys import wave_key

#: The address at which a run of the waves' DAG is started.
ADDRESS = "/api/v2/dags/wave_cohort/dagRuns"


class WaveInRunName:
    """The layer before the web server."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes every request on; a request for a new run gets a name."""
        if scope["type"] == "http" and scope["method"] == "POST" and scope["path"].endswith(ADDRESS):
            body, end = await _whole(receive)
            said = named(body)
            scope = {**scope, "headers": [*_without_length(scope["headers"]), _length(said)]}
            receive = _again(said, end, receive)
        await self.app(scope, receive, send)


def named(body: bytes) -> bytes:
    """The request with a name for the run; unchanged where it has one, or where no wave can be read from it."""
    try:
        asked = json.loads(body)
    except ValueError:  # Airflow reports what is wrong with it
        return body
    wave = _wave(asked)
    if wave is None or asked.get("dag_run_id"):
        return body
    now = DateTime.now(WIB)
    name = WaveTimetable().generate_run_id(
        run_type=DagRunType.MANUAL, run_after=now, data_interval=None, partition_key=wave_key(wave)
    )
    return json.dumps({**asked, "dag_run_id": name}).encode()


def _wave(asked: Any) -> int | None:
    conf = asked.get("conf") if isinstance(asked, dict) else None
    wave = conf.get("wave") if isinstance(conf, dict) else None
    return wave if type(wave) is int and 1 <= wave <= 9999 else None


async def _whole(receive: Receive) -> tuple[bytes, Message | None]:
    """The request's body, which may come in pieces; and the message instead of its end, where the client
    disconnected."""
    body = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return body, message
        body += message.get("body", b"")
        if not message.get("more_body"):
            return body, None


def _again(body: bytes, end: Message | None, receive: Receive) -> Receive:
    """Gives the body in one piece, then all later messages."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}] if end is None else [end]

    async def give() -> Message:
        return waiting.pop() if waiting else await receive()

    return give


def _length(body: bytes) -> tuple[bytes, bytes]:
    return b"content-length", str(len(body)).encode()


def _without_length(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    return [(name, value) for name, value in headers if name.lower() not in (b"content-length", b"transfer-encoding")]
