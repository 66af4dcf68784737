"""Takes the README's pictures from a finished wave: the terminal as SVG, the report as PNG.

``python tools/pictures.py data/simulated 12`` – Chromium from the Debian package takes the report's.
"""

from __future__ import annotations

import io
import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright
from rich.console import Console

from pipeline.reports.figures.truth_comparison import compare_with_truth, print_truth
from pipeline.reports.funnel_display import print_funnel
from pipeline.storage.files import read_json
from pipeline.storage.paths import Store

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "pictures"


def terminal(store: Store, number: int) -> None:
    """What `gelombang run` ends with."""
    wave = store.calendar().wave(number)
    console = Console(record=True, width=104, file=io.StringIO(), force_terminal=True)
    print_funnel(read_json(store.out(wave) / "funnel.json"), console, "en")
    print_truth(compare_with_truth(store, wave), console, "en")
    text = console.export_svg(title=f"gelombang run {number}")
    # a font from the reader's own machine: a picture in a README fetches nothing
    kept = [line for line in text.splitlines() if "url(" not in line or "clip-path" in line]
    (FOLDER / "terminal.svg").write_text("\n".join(kept), encoding="utf-8")


def report(store: Store, number: int) -> None:
    """The top of the report."""
    page_path = store.out(store.calendar().wave(number)) / "report.html"
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        program = shutil.which("chromium-headless-shell") or shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=program, args=flags)
        page = browser.new_page(viewport={"width": 1060, "height": 1500})
        page.goto(page_path.resolve().as_uri())
        page.screenshot(path=str(FOLDER / "report.png"))
        browser.close()


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    root, wave_number = Store.at(sys.argv[1]), int(sys.argv[2])
    terminal(root, wave_number)
    report(root, wave_number)
