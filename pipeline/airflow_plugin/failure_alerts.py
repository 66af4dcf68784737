"""Tells people outside Airflow that a task failed or a wave is late: a webhook, a mail, or both, as the settings say.

The alert has the task, the run, the wave, and the text of a named error. Another exception is named by its class
only: its words may hold what was read. An alert that cannot be sent is a line in the log and breaks nothing.
"""

from __future__ import annotations

import json
import logging
import urllib.request
from collections.abc import Callable
from html import escape
from typing import Any

from airflow.sdk.bases.notifier import BaseNotifier
from airflow.sdk.exceptions import AirflowFailException

from pipeline.domain.errors import GelombangError
from pipeline.domain.settings import AlertSettings, settings

log = logging.getLogger("gelombang")
_SECONDS = 15


class Alert(BaseNotifier):
    """What Airflow calls when a task has failed for good."""

    def notify(self, context: Any) -> None:
        """Sends the alert to everybody whom the settings name."""
        alert, to = what_happened(context), settings().alert
        for name, send in (("webhook", _to_webhook), ("mail", _to_mail)):
            if getattr(to, name):
                _tried(name, lambda send=send: send(alert, to))  # type: ignore[misc]


def on_failure() -> Alert | None:
    """What a DAG gives Airflow to call; None where no alert is configured."""
    return Alert() if settings().alert.webhook or settings().alert.mail else None


def what_happened(context: Any) -> dict[str, str]:
    """The alert as plain texts; ``text`` is what a chat shows."""
    task, run = context.get("ti") or context.get("task_instance"), context.get("dag_run")
    error = context.get("exception")
    alert = {
        "dag": str(getattr(task, "dag_id", "")),
        "run": str(getattr(run, "run_id", "") or getattr(task, "run_id", "")),
        "task": str(getattr(task, "task_id", "")),
        "wave": str(getattr(run, "partition_key", None) or (context.get("params") or {}).get("wave", "")),
        "error": _words(error),
    }
    wave = f", {alert['wave']}" if alert["wave"] else ""
    text = f"Gelombang: {alert['task']} failed ({alert['dag']}{wave}, {alert['run']}). {alert['error']}"
    return {"text": text, **alert}


def _words(error: Any) -> str:
    if isinstance(error, GelombangError | AirflowFailException):
        return str(error)
    if isinstance(error, BaseException):
        return f"{type(error).__name__}: see the task's log."
    return "See the task's log."


def _tried(name: str, send: Callable[[], None]) -> None:
    try:
        send()
    except Exception as e:  # an error of the network is not important: the failure of the wave counts
        # only its name: its text may contain the address
        log.warning("The alert by %s could not be sent: %s.", name, type(e).__name__)


def _to_webhook(alert: dict[str, str], to: AlertSettings) -> None:
    body = json.dumps(alert, ensure_ascii=False).encode()
    request = urllib.request.Request(to.webhook, body, {"Content-Type": "application/json"}, method="POST")
    with urllib.request.urlopen(request, timeout=_SECONDS):
        pass


def _to_mail(alert: dict[str, str], to: AlertSettings) -> None:
    """By Airflow's own connection ``smtp_default``."""
    from airflow.providers.smtp.notifications.smtp import SmtpNotifier

    title = f"Gelombang: {alert['task']} failed ({alert['wave'] or alert['dag']})"
    mail = SmtpNotifier(to.mail, to.mail_from or None, title, f"<pre>{escape(alert['text'])}</pre>")
    mail.notify({})  # not by calling it, because it would treat our text as a template
