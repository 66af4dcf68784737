"""All waves side by side: people counted once, retries that succeeded, and a page that stands alone."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pyarrow as pa
import pytest

from pipeline.domain import contracts
from pipeline.domain.errors import WaveNotRunError
from pipeline.reports.figures.funnel_steps import write_funnel
from pipeline.reports.language.labels import LANGUAGES, label
from pipeline.reports.overview import lines_of, write_overview
from pipeline.storage.files import read_table, write_json, write_table
from pipeline.storage.paths import Store
from tests.unit import wave_factory

SIZES = {1: 900, 2: 1400, 3: 1900}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    root = tmp_path_factory.mktemp("overview")
    for number, n in SIZES.items():
        wave = wave_factory.wave(number, quota=100)
        made = wave_factory.make(root, wave, n=n, seed=number)
        path = made.work(wave) / "out" / "decisions.parquet"
        table = read_table(path)
        niks = pa.array([f"32{i:014d}" for i in range(n)])  # the same people come back in every wave
        write_table(table.drop_columns("nik").append_column("nik", niks), path, contracts.DECISIONS)
        write_funnel(made, wave)
        made.out(wave).parent.mkdir(exist_ok=True)
        (made.work(wave) / "out").rename(made.out(wave))
        write_json({"closes": wave.closes.isoformat()}, made.out(wave) / "manifest.json")
    _publish(Store(root), 1)
    _publish(Store(root), 2)
    return Store(root)


def _publish(store: Store, number: int) -> None:
    """The last screening took out everybody of rank 1 to 5, and let the first of the reserve in."""
    decided = rows(store, number)
    holders = [r for r in decided if r["rank"] and int(str(r["rank"])) > 5]
    holders += sorted((r for r in decided if r["outcome"] == "reserve"), key=lambda r: int(str(r["position"])))[:1]
    cohort = [{**row, "wave": number, "rank": i} for i, row in enumerate(holders, 1)]
    folder = store.published(f"wave-{number:04d}") / "rev-1"
    table = pa.Table.from_pylist([{n: r.get(n) for n in contracts.COHORT.names} for r in cohort], contracts.COHORT)
    write_table(table, folder / "cohort.parquet", contracts.COHORT)
    write_json({"published_at": "2021-02-28T23:59:59+07:00"}, folder / "publication.json")


def holds(store: Store, number: int) -> set[object]:
    """Who was accepted in a wave: as published, else as its run decided."""
    published = store.published(f"wave-{number:04d}") / "rev-1" / "cohort.parquet"
    if published.is_file():
        return set(read_table(published)["nik"].to_pylist())
    return {row["nik"] for row in rows(store, number) if row["outcome"] == "accepted"}


def rows(store: Store, number: int) -> list[dict[str, object]]:
    return list(read_table(store.out(wave_factory.wave(number)) / "decisions.parquet").to_pylist())


def test_people_are_counted_once(store: Store) -> None:
    accepted: set[object] = set()
    refused: set[object] = set()
    for line, number in zip(lines_of(store), SIZES, strict=True):
        these = holds(store, number)
        assert line.retried in (None, len((these - accepted) & refused))
        accepted |= these
        refused |= {
            r["nik"] for r in rows(store, number) if r["outcome"] == "rejected" and r["retry"] != "none"
        } - these
        assert line.reached == len(accepted)
        assert line.applied == max(n for k, n in SIZES.items() if k <= number)
        assert line.funnel.registrations == SIZES[number]
        assert line.days == (pytest.approx(2.0) if number < 3 else None)


def test_page_stands_alone_and_is_the_same_each_time(store: Store) -> None:
    path = write_overview(store)
    html = path.read_text(encoding="utf-8")
    assert path == store.root / "waves" / "overview.html"
    assert write_overview(store).read_text(encoding="utf-8") == html
    assert not re.search(r"(?:src|href)\s*=\s*[\"'](?!#|wave-\d{4}/report\.html)", html)
    assert "<script" not in html
    assert not re.search(r"\b\d{16}\b", html)


def test_what_is_said_of_several_waves_stands_once_and_simulated_ones_are_named(store: Store, tmp_path: Path) -> None:
    copy = Store(Path(shutil.copytree(store.root, tmp_path / "data")))
    newest = wave_factory.wave(max(SIZES))
    write_json({}, copy.landing(newest, "simulated.json"))
    html = write_overview(copy).read_text(encoding="utf-8")
    for language in LANGUAGES:
        assert html.count(label("standing.says_provisional", language)) == 1
        assert html.count(label("overview.simulated", language, waves=str(newest.number))) == 1
        assert html.count(f"<strong>{label('standing.simulated', language)}</strong>") == 1
    published = write_overview(store).read_text(encoding="utf-8")
    assert label("standing.published", "en", revision=1) in published
    assert "simulated" not in re.sub(r"<style>.*?</style>", "", published, flags=re.DOTALL)


def test_without_a_wave_is_a_named_error(tmp_path: Path) -> None:
    with pytest.raises(WaveNotRunError):
        write_overview(Store(tmp_path))
