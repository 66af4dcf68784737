"""The report's page: right figures, both languages, the same bytes, nothing fetched, nothing run, nobody named."""

from __future__ import annotations

import re
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pipeline.domain import contracts
from pipeline.ingest.reuploads import problems
from pipeline.reports.figures.area_places import AreaPlaces
from pipeline.reports.figures.funnel_steps import write_funnel
from pipeline.reports.figures.wave_figures import figures
from pipeline.reports.language import numbers
from pipeline.reports.language.labels import label
from pipeline.reports.spreadsheet import cover_of, sheets_of, write_spreadsheet
from pipeline.reports.wave_report import write_report
from pipeline.storage.files import read_table, write_table
from pipeline.storage.paths import Store
from tests.query import rows
from tests.unit import wave_factory

WAVE = wave_factory.wave(quota=1200)
BAND = (
    "CASE WHEN age IS NULL THEN 'unknown' WHEN age < 18 THEN 'under_18' WHEN age < 25 THEN '18_24' "
    "WHEN age < 35 THEN '25_34' WHEN age < 45 THEN '35_44' WHEN age < 55 THEN '45_54' "
    "WHEN age < 65 THEN '55_64' ELSE '65_up' END"
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    made = wave_factory.make(tmp_path_factory.mktemp("report"), WAVE, n=12_000, seed=3)
    write_funnel(made, WAVE)
    return made


@pytest.fixture(scope="module")
def html(store: Store) -> str:
    return write_report(store, WAVE).read_text(encoding="utf-8")


def test_who_is_still_under_review_is_said_to_be_among_those_who_left(store: Store, html: str) -> None:
    review = figures(store, WAVE).funnel.ends["review"]
    assert review
    assert '<span class="dagger">‡</span>' in html
    assert all(label("funnel.with_review", language) in html for language in ("id", "en"))


def ask(store: Store, what: str) -> list[tuple[Any, ...]]:
    """An independent query; ``d`` is decisions.parquet."""
    path = store.work(WAVE) / "out" / "decisions.parquet"
    return rows(f"WITH d AS (FROM '{path}') {what}")


def test_groups_equal_queries(store: Store) -> None:
    f = figures(store, WAVE)
    for groups, column in ((f.sex, "sex"), (f.tier, "tier"), (f.provinces, "province_code")):
        assert groups is not None
        for g in groups:
            keys = ", ".join(f"'{key}'" for key in g.keys)
            [found] = ask(
                store,
                "SELECT count(*), count(position), count(rank), count(*) FILTER (selfie_verified), "
                "count(*) FILTER (selfie_verified AND outcome IN ('accepted', 'reserve')) "
                f"FROM d WHERE {column} IN ({keys})",
            )
            assert (g.applications, g.eligible) == found[:2]
            assert g.accepted in (None, found[2])
            if column != "province_code":
                assert (g.verified, g.photo_passed) == found[3:]
                assert g.eligibility is not None
                assert g.eligibility.share == g.eligible / g.applications
    for groups, column in ((f.sex, "sex"), (f.age, f"({BAND})")):
        assert groups is not None
        for g in (g for g in groups if g.photographs):
            keys = ", ".join(f"'{key}'" for key in g.keys)
            [(review, refused, again)] = ask(
                store,
                "SELECT count(*) FILTER (outcome = 'review'), count(*) FILTER (outcome = 'rejected'), "
                f"count(*) FILTER (outcome = 'rejected' AND retry = 'photo') FROM d WHERE selfie_verified AND {column} "
                f"IN ({keys})",
            )
            shares = g.photographs
            assert shares is not None
            assert (shares.review.passed, shares.refused.passed, shares.again.passed) == (review, refused, again)
            assert shares.review.of == g.verified
        assert any(g.photographs for g in groups)
    assert f.tier is not None
    assert not any(g.photographs for g in f.tier)
    assert f.age is not None
    ages = {"18_24": (18, 24), "25_34": (25, 34), "35_44": (35, 44)}
    for g in f.age:
        if len(g.keys) == 1 and g.keys[0] in ages:
            low, high = ages[g.keys[0]]
            [found] = ask(store, f"SELECT count(*), count(rank) FROM d WHERE age BETWEEN {low} AND {high}")
            assert (g.applications, g.accepted) == found


def test_photographs_equal_queries(store: Store) -> None:
    f = figures(store, WAVE)
    [(verified, again)] = ask(
        store, "SELECT count(*) FILTER (selfie_verified), count(*) FILTER (retry = 'photo') FROM d"
    )
    assert (f.verified, f.photo_again) == (verified, again)
    for defect in f.defects:
        [(reason, warning)] = ask(
            store,
            f"SELECT count(*) FILTER (list_contains(reasons, '{defect.code}')), "
            f"count(*) FILTER (list_contains(warnings, '{defect.code}')) FROM d",
        )
        assert defect.reason in (None, reason)
        assert defect.warning in (None, warning)
    for decision, n in f.decisions.items():
        [(found,)] = ask(store, f"SELECT count(*) FROM d WHERE selfie_decision = '{decision}'")
        assert n in (None, found)
    for code, n in f.warnings.items():
        [(found,)] = ask(store, f"SELECT count(*) FROM d WHERE list_contains(warnings, '{code}')")
        assert n in (None, found)


def test_photographs_sent_again_are_counted_and_small_counts_hidden(tmp_path: Path) -> None:
    store = wave_factory.make(tmp_path, WAVE, 500)
    counts = {None: 40, "not_photo_only": 12, "accepted_before": 2}
    rows = [{"registration_id": f"{p}{i}", "problem": p} for p, n in counts.items() for i in range(n)]
    out = store.work(WAVE) / "out"
    write_table(
        pa.Table.from_pylist(rows, schema=contracts.REUPLOADED), out / "reuploads.parquet", contracts.REUPLOADED
    )
    write_funnel(store, WAVE)
    f = figures(store, WAVE)
    assert f.sent_again == {"taken_in": 40, "accepted_before": None, "not_photo_only": None}
    html = write_report(store, WAVE).read_text()
    for language in ("id", "en"):
        assert html.count(label("sent_again.not_photo_only", language)) == 1


def test_every_reason_why_a_photograph_is_not_taken_in_has_a_label() -> None:
    for code in ("taken_in", *problems()):
        assert all(label(f"sent_again.{code}", language) for language in ("id", "en"))


def test_every_figure_is_on_the_page(store: Store, html: str) -> None:
    f = figures(store, WAVE)
    shown = [n for step in f.funnel.steps for n in (step.entered, step.left, step.passed, *step.by_reason.values())]
    shown += [g.accepted for groups in (f.sex, f.age, f.tier, f.provinces) for g in groups or []]
    shown += [g.eligible for groups in (f.sex, f.age, f.tier, f.provinces) for g in groups or []]
    assert len([n for n in shown if n is not None]) > 100
    for language in ("id", "en"):
        edition = html.split(f'lang="{language}" id="{language}">')[1].split("</article>")[0]
        cells = set(re.findall(r"<t[dh][^>]*>(?:<abbr class=\"flag.*?</abbr> )?([\d.,]+)</t[dh]>", edition))
        for n in shown:
            if n is not None:
                assert numbers.integer(n, language) in cells


def test_comparison_with_earlier_waves(store: Store, tmp_path: Path) -> None:
    root = Store(tmp_path)
    totals = []
    for number, n in ((10, 900), (11, 1500)):
        wave = wave_factory.wave(number, quota=100)
        wave_factory.make(tmp_path, wave, n=n, seed=number)
        write_funnel(root, wave)
        target = root.out(wave)
        target.parent.mkdir(parents=True, exist_ok=True)
        (root.work(wave) / "out").rename(target)
        totals.append(n)
    wave_factory.make(tmp_path, WAVE, n=2000, seed=5)
    write_funnel(root, WAVE)
    this, before, all_ = figures(root, WAVE).comparison
    assert (this.registrations, before.registrations, all_.registrations) == (2000, 1500, 4400)
    assert (this.wave, before.wave, all_.wave, all_.waves) == (12, 11, None, 3)
    assert this.shares["email"] == pytest.approx(
        1 - ask(root, "SELECT avg(list_contains(reasons, 'email_unverified')::INT) FROM d")[0][0]
    )


def test_page_stands_alone(html: str) -> None:
    assert not re.search(r"(?:src|href)\s*=\s*[\"'](?!#)", html)
    assert not re.search(r"<(?:script|link|img|iframe|object|form)\b", html)
    assert "url(" not in html.replace("url(#", "")
    assert "style=" not in html
    assert "default-src 'none'" in html
    assert len(html.encode()) < 2_000_000


def test_nobody_is_named(store: Store, html: str) -> None:
    for column in ("registration_id", "nik"):
        for (value,) in ask(store, f"SELECT {column} FROM d USING SAMPLE 500 ROWS (reservoir, 1)"):
            assert str(value) not in html
    assert not re.search(r"\b\d{16}\b", html)


def test_same_bytes_each_time(store: Store, html: str) -> None:
    sheet = write_spreadsheet(store, WAVE).read_bytes()
    assert write_report(store, WAVE).read_text(encoding="utf-8") == html
    assert write_spreadsheet(store, WAVE).read_bytes() == sheet


def test_spreadsheet_has_typed_cells_and_no_formula(store: Store) -> None:
    path = write_spreadsheet(store, WAVE, language="en")
    with zipfile.ZipFile(path) as book:
        sheets = {name: book.read(name).decode() for name in book.namelist() if "worksheets/" in name}
    assert not any("<f>" in sheet for sheet in sheets.values())
    numeric = re.sub(r't="s"><v>[^<]*</v>', "", sheets["xl/worksheets/sheet2.xml"])
    values = [float(v) for v in re.findall(r"<c [^>]*?><v>([^<]*)</v></c>", numeric)]
    funnel = sheets_of(figures(store, WAVE), "en")[0]
    for row in funnel.rows:
        for value in row[1:]:
            if value is not None:
                assert any(value == pytest.approx(v, rel=1e-12) for v in values)


def test_the_spreadsheet_begins_with_a_cover_and_has_one_chart(store: Store) -> None:
    with zipfile.ZipFile(write_spreadsheet(store, WAVE, language="en")) as book:
        names = book.namelist()
        texts = book.read("xl/sharedStrings.xml").decode()
        order = re.findall(r'<sheet name="([^"]*)"', book.read("xl/workbook.xml").decode())
    assert order[:2] == ["Cover", "Funnel"]
    assert [name for name in names if name.startswith("xl/charts/chart")] == ["xl/charts/chart1.xml"]
    for part in ("Registration window", "Figures below five", f"Wave {WAVE.number}"):
        assert part in texts
    assert cover_of(replace(figures(store, WAVE), sex=None), "en", None)[-1][1].startswith("Not shown because")


def test_the_spreadsheet_has_the_places_by_area_or_says_that_it_has_not(store: Store) -> None:
    places = [AreaPlaces(("31",), 0, 30, 9), AreaPlaces(("3171",), 12, 40, 15)]
    with_areas = replace(figures(store, WAVE), wave=replace(WAVE, areas=(("3171", 0.01),)), areas=places)
    sheet = sheets_of(with_areas, "en")[-1]
    assert (sheet.name, [row[1:] for row in sheet.rows]) == ("Places by area", [[0, 30, 9], [12, 40, 15]])
    assert sheet.rows[1][0] == "Kota Administrasi Jakarta Pusat (DKI Jakarta)"
    assert "Places by area" in cover_of(replace(with_areas, areas=None), "en", None)[-1][1]
    assert "Places by area" not in str(cover_of(with_areas, "en", None))


HOSTILE = (
    "<script>alert(1)</script>",
    '=HYPERLINK("http://example.org")',
    '"><img src=x onerror=alert(1)>',
    "{{ 7 * 7 }}",
)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_text_stays_text(hostile: str, tmp_path: Path) -> None:
    wave = replace(WAVE, quota=100, seed=hostile, seed_source=hostile)
    made = wave_factory.make(tmp_path, wave, n=2000)
    path = made.work(wave) / "out" / "decisions.parquet"
    table = read_table(path)
    province = pa.array([hostile if i % 3 else "32" for i in range(table.num_rows)])
    table = table.drop_columns("province_code").append_column("province_code", province)
    write_table(table, path, contracts.DECISIONS)
    write_funnel(made, wave)
    page = write_report(made, wave).read_text(encoding="utf-8")
    assert hostile not in page or "<" not in hostile
    assert "<script" not in page
    assert "<img" not in page
    assert ("{{ 7 * 7 }}" in page) == (hostile == "{{ 7 * 7 }}")  # shown as it is, not computed
    with zipfile.ZipFile(write_spreadsheet(made, wave)) as book:
        assert not any(b"<f>" in book.read(name) for name in book.namelist())
