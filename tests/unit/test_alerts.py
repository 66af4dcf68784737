"""Alerts of failed tasks: a real HTTP server and a real SMTP conversation on loopback get them, or nothing breaks."""

from __future__ import annotations

import json
import logging
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from pipeline.airflow_plugin.failure_alerts import Alert, on_failure, what_happened
from pipeline.domain.errors import WaveLateError
from pipeline.domain.settings import settings

Set = Callable[..., None]


def context(error: BaseException | None) -> dict[str, Any]:
    """What Airflow gives a callback, as far as it is looked at."""
    task = SimpleNamespace(dag_id="wave_cohort", task_id="screen", run_id="manual__1")
    run = SimpleNamespace(run_id="manual__1", partition_key="wave-0012")
    return {"ti": task, "dag_run": run, "exception": error, "params": {}}


@contextmanager
def serving(server: socketserver.BaseServer) -> Iterator[Any]:
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def posted() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """A webhook: its address, and what came."""
    came: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            came.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(404 if "gone" in self.path else 204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with serving(HTTPServer(("127.0.0.1", 0), Handler)) as server:
        yield f"http://127.0.0.1:{server.server_address[1]}/secret-token", came


@pytest.fixture
def mailed() -> Iterator[tuple[int, list[str]]]:
    """A mail server that takes everything: its port, and the conversation."""
    came: list[str] = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 sink\r\n")
            inside = False
            for raw in self.rfile:
                line = raw.decode().rstrip("\r\n")
                came.append(line)
                if inside and line != ".":
                    continue
                inside = line.upper() == "DATA"
                self.wfile.write(b"354 go on\r\n" if inside else b"250 fine\r\n")
                if line.upper() == "QUIT":
                    return

    with serving(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)) as server:
        yield server.server_address[1], came


@pytest.fixture
def set_to(monkeypatch: pytest.MonkeyPatch) -> Iterator[Set]:
    def change(**values: str) -> None:
        for name, value in values.items():
            monkeypatch.setenv(f"GELOMBANG_ALERT__{name}", value)
        settings.cache_clear()

    yield change
    monkeypatch.undo()
    settings.cache_clear()


def test_nobody_is_told_where_nobody_is_named(set_to: Set):
    set_to()
    assert on_failure() is None


def test_a_webhook_gets_task_run_wave_and_the_named_error(posted, set_to: Set):
    address, came = posted
    set_to(WEBHOOK=address)
    assert on_failure() is not None
    Alert()(context(AirflowFailException("The extract bansos is late.\n→ Deliver it. {{ 7 * 7 }}")))
    [told] = came
    assert (told["dag"], told["task"], told["run"], told["wave"]) == ("wave_cohort", "screen", "manual__1", "wave-0012")
    assert told["error"] == "The extract bansos is late.\n→ Deliver it. {{ 7 * 7 }}"
    assert told["text"].startswith("Gelombang: screen failed (wave_cohort, wave-0012, manual__1).")


def test_a_mail_has_the_same_words_and_no_template_in_them_is_read(
    mailed, set_to: Set, monkeypatch: pytest.MonkeyPatch
):
    port, came = mailed
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", f"smtp://127.0.0.1:{port}?disable_ssl=true&disable_tls=true")
    set_to(MAIL='["duty@example.go.id", "chief@example.go.id"]', MAIL_FROM="gelombang@example.go.id")
    Alert()(context(WaveLateError("Held for more than 24 hours: {{ 7 * 7 }}.")))
    conversation = "\n".join(came)
    assert "<gelombang@example.go.id>" in conversation
    assert "<duty@example.go.id>" in conversation
    assert "<chief@example.go.id>" in conversation
    assert "screen failed (wave-0012)" in conversation


def test_the_words_of_an_unforeseen_exception_stay_in_the_log():
    told = what_happened(context(ValueError("3171010101900001 SITI AMINAH")))
    assert "3171010101900001" not in json.dumps(told)
    assert told["error"] == "ValueError: see the task's log."


@pytest.mark.parametrize("address", ["http://127.0.0.1:1/secret-token", "gone"])
def test_an_alert_that_cannot_be_sent_breaks_nothing_and_keeps_the_address_to_itself(
    posted, set_to: Set, caplog: pytest.LogCaptureFixture, address: str
):
    set_to(WEBHOOK=f"{posted[0]}/gone" if address == "gone" else address)
    with caplog.at_level(logging.WARNING, "gelombang"):
        Alert()(context(None))
    assert "could not be sent" in caplog.text
    assert "secret-token" not in caplog.text
