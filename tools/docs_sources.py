"""Copies files that the documentation links to, such as the rulebook, from the checkout into the site.

A page's link to ``../../pipeline/x.toml`` works in a checkout; on the site the file is below ``source/``. A link to a
file that does not exist stays as it is, and fails the strict build.
"""

from __future__ import annotations

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parent.parent
LINK = re.compile(r"\]\(\.\./\.\./([\w./-]+)\)")


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Adds every file of the checkout that a page links to."""
    pages = [Path(file.abs_src_path) for file in files.documentation_pages() if file.abs_src_path]
    named = {name for page in pages for name in LINK.findall(page.read_text(encoding="utf-8"))}
    for name in sorted(named):
        if (ROOT / name).is_file():
            files.append(File.generated(config, f"source/{name}", abs_src_path=str(ROOT / name)))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Points those links at the site's copy."""
    return LINK.sub(lambda m: f"](../source/{m[1]})" if files.get_file_from_path(f"source/{m[1]}") else m[0], markdown)
