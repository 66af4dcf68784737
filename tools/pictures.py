"""Takes the README's pictures from a finished wave: the terminal as SVG, the report as PNG.

``python -m tools.pictures data/simulated 12`` – the Chromium of the tests takes the report's.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

from rich.console import Console

from pipeline.reports.figures.truth_comparison import compare_with_truth, print_truth
from pipeline.reports.funnel_display import print_funnel
from pipeline.storage.files import read_json
from pipeline.storage.paths import Store
from tests.chromium import chromium

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
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1060, "height": 1500})
        page.goto(page_path.resolve().as_uri())
        page.screenshot(path=str(FOLDER / "report.png"))


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    root, wave_number = Store.at(sys.argv[1]), int(sys.argv[2])
    terminal(root, wave_number)
    report(root, wave_number)
