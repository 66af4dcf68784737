"""A real Chromium, offline, for every test that looks at a page."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, sync_playwright

#: The engine without a window, where it is installed: a page costs it a fifth of the CPU, the browser draws one unseen.
PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@contextmanager
def chromium() -> Iterator[Browser]:
    """``GELOMBANG_CHROMIUM``, else the system's; the test is skipped where there is none."""
    path = os.environ.get("GELOMBANG_CHROMIUM") or next(filter(None, map(shutil.which, PROGRAMS)), None)
    if path is None:
        pytest.skip("no Chromium here: install it, or name it in GELOMBANG_CHROMIUM")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield opened
        opened.close()
