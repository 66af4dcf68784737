"""The page on which anybody draws a published wave again: one file without network, in the folder of the lists that it
checks.

Puts template, style, words and code of ``public/`` together; writes ``verify.html`` into the folder that it is given.
The same version gives the same bytes, so an outsider can compare the page with one that they made from the source.
"""

from __future__ import annotations

import base64
import hashlib
import json
import tomllib
from importlib.resources import files as package_files
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from pipeline.storage import files

NAME = "verify.html"
#: In this order: each uses what those before it define.
SCRIPTS = ("sha256.js", "draw.js", "check.js", "page.js")


def write_public_page(folder: Path) -> Path:
    """Writes ``verify.html`` into a public folder, whole or not at all, and returns its path."""
    return files.write_text(public_page(), folder / NAME)


def public_page() -> str:
    """The page. Its content security policy allows its own style and its own script, by hash, and nothing else."""
    words, style = _words(), _part("style.css")
    known = json.dumps(words, ensure_ascii=False).replace("<", "\\u003c")  # no word can end the script
    script = "\n".join(['"use strict";', f"const WORDS = {known};", *(_part(name) for name in SCRIPTS)])
    template = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    hashes = {"style_hash": _digest(style), "script_hash": _digest(script)}
    page = template.from_string(_part("verify.html.j2"))
    return page.render(words=words, style=style, script=script, **hashes) + "\n"


def _words() -> dict[str, dict[str, str]]:
    tables = tomllib.loads(_part("words.toml"))
    return {f"{section}.{key}": text for section, table in tables.items() for key, text in table.items()}


def _part(name: str) -> str:
    return (package_files("pipeline.publication") / "public" / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
