"""A run that a person starts by form or REST has its wave in its name, and everything else of the request stays."""

from __future__ import annotations

import asyncio
import json
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Message

from pipeline.airflow_plugin.plugin import GelombangPlugin
from pipeline.airflow_plugin.run_names import ADDRESS, WaveInRunName

NAME = r"manual__wave-0012__20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+07:00"


async def echo(request: Request) -> Response:
    """What the server got: the body, and its length as the headers give it."""
    body = await request.body()
    return Response(body, headers={"told": request.headers["content-length"], "had": str(len(body))})


async def nothing(request: Request) -> Response:
    return JSONResponse([])


@pytest.fixture
def client() -> TestClient:
    everywhere = Route("/{path:path}", echo, methods=["POST", "PATCH"])
    return TestClient(WaveInRunName(Starlette(routes=[everywhere, Route("/{path:path}", nothing)])))


def test_a_run_is_named_by_its_wave(client: TestClient) -> None:
    asked = {"logical_date": None, "conf": {"wave": 12, "quota": None}, "dag_run_id": "", "note": "é"}
    got = client.post(ADDRESS, json=asked)
    assert re.fullmatch(NAME, got.json()["dag_run_id"])
    assert {**got.json(), "dag_run_id": ""} == asked
    assert got.headers["told"] == got.headers["had"]
    assert got.json() != client.post(ADDRESS, json=asked).json()


def test_below_another_root_too(client: TestClient) -> None:
    assert "wave-0012" in client.post(f"/airflow{ADDRESS}", json={"conf": {"wave": 12}}).text


@pytest.mark.parametrize(
    "body",
    [
        b'{"conf": {"wave": 12}, "dag_run_id": "mine"}',
        b'{"conf": {"wave": null}}',
        b'{"conf": {"wave": "12"}}',
        b'{"conf": {"wave": true}}',
        b'{"conf": {"wave": 0}}',
        b'{"conf": {"wave": 10000}}',
        b'{"conf": {}}',
        b'{"conf": null}',
        b"{}",
        b"[1]",
        b"{",
        b"\xff",
        b"",
    ],
)
def test_what_names_itself_or_no_wave_stays_to_the_byte(body: bytes, client: TestClient) -> None:
    assert client.post(ADDRESS, content=body).content == body


@pytest.mark.parametrize("path", ["/api/v2/dags/funnel_report/dagRuns", f"{ADDRESS}/x/clear", "/api/v2/dags"])
def test_other_requests_stay(path: str, client: TestClient) -> None:
    body = b'{"conf": {"wave": 12}}'
    assert client.post(path, content=body).content == body
    assert client.patch(ADDRESS, content=body).content == body
    assert client.get(ADDRESS).json() == []


def handed_on(pieces: list[Message]) -> list[Message]:
    """What a server behind gets of a request that comes in pieces."""
    got: list[Message] = []

    async def server(scope: Any, receive: Any, send: Any) -> None:
        got.append(await receive())
        got.append(await receive())

    async def receive() -> Message:
        return pieces.pop(0)

    async def send(message: Message) -> None:
        raise AssertionError(message)

    scope = {"type": "http", "method": "POST", "path": ADDRESS, "headers": []}
    with ThreadPoolExecutor(1) as apart:  # a browser of an earlier test may have a loop in this thread
        apart.submit(asyncio.run, WaveInRunName(server)(scope, receive, send)).result()
    return got


def test_a_body_may_come_in_pieces() -> None:
    gone: Message = {"type": "http.disconnect"}
    pieces: list[Message] = [
        {"type": "http.request", "body": b'{"conf": {"wa', "more_body": True},
        {"type": "http.request", "body": b've": 12}}', "more_body": False},
        gone,
    ]
    first, second = handed_on(pieces)
    assert re.fullmatch(NAME, json.loads(first["body"])["dag_run_id"])
    assert (first["more_body"], second) == (False, gone)


def test_who_goes_away_in_the_middle_starts_nothing() -> None:
    gone: Message = {"type": "http.disconnect"}
    pieces: list[Message] = [{"type": "http.request", "body": b'{"conf": {"wave": 12}', "more_body": True}, gone, gone]
    assert handed_on(pieces) == [gone, gone]


def test_airflow_is_told_of_it() -> None:
    assert [one["middleware"] for one in GelombangPlugin.fastapi_root_middlewares] == [WaveInRunName]
