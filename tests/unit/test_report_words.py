"""Every word of the reports exists in both languages and is filled; numbers and dates are written as people do."""

from __future__ import annotations

import re
from datetime import date, datetime
from pathlib import Path
from string import Formatter
from types import SimpleNamespace

import pytest

from pipeline.domain.reasons import DEFECTS
from pipeline.domain.wilson import wilson
from pipeline.reports.figures.fairness import p_value, rates
from pipeline.reports.figures.funnel_steps import write_funnel
from pipeline.reports.figures.groups import ORDER
from pipeline.reports.figures.provinces import map_of, provinces
from pipeline.reports.figures.truth_comparison import compare_with_truth
from pipeline.reports.language import numbers
from pipeline.reports.language.labels import LANGUAGES, catalogue, label, translator
from pipeline.reports.wave_report import write_report
from pipeline.reports.wording import group_name
from pipeline.screening.rulebook import all_rules
from pipeline.storage.files import read_table, write_table
from tests.unit import wave_factory


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("key", sorted(catalogue()))
def test_label_is_there_in_both_languages(key: str) -> None:
    texts = catalogue()[key]
    assert set(texts) - {"en_one"} == set(LANGUAGES)
    assert all(text.strip() for text in texts.values())
    assert "en_one" not in texts or placeholders(texts["en"]) == placeholders(texts["en_one"]) | {"n"}
    assert placeholders(texts["id"]) == placeholders(texts["en"])


def test_no_label_is_unused() -> None:
    package = Path(numbers.__file__).parents[2]
    source = "".join(p.read_text("utf-8") for p in [*package.rglob("*.py"), *package.rglob("*.j2")])
    built = set(re.findall(r"[\"']([a-z_]+\.[a-z_]*)[\"'] ~|f[\"']([a-z_]+\.[a-z_]*)\{", source))
    prefixes = (*(prefix for pair in built for prefix in pair if prefix), *(f"{kind}." for kind in ORDER))
    for key in catalogue():
        assert f'"{key}"' in source or f"'{key}'" in source or key.startswith(prefixes), key


@pytest.mark.parametrize(
    ("keys", "language", "said"),
    [
        (("31",), "id", "DKI Jakarta"),
        (("3171",), "id", "Kota Administrasi Jakarta Pusat (DKI Jakarta)"),
        (("1101",), "en", "Kabupaten Aceh Selatan (Aceh)"),
        (("3199",), "en", "Code 3199 (unknown)"),
        (("31", "3201"), "en", "2 areas merged"),
        (("elsewhere",), "en", "Elsewhere"),
    ],
)
def test_an_area_has_a_name(keys: tuple[str, ...], language: str, said: str) -> None:
    assert group_name("area", keys, translator(language)) == said


def test_numbers_and_dates_are_written_as_people_do() -> None:
    assert numbers.integer(168111, "id") == "168.111"
    assert numbers.integer(168111, "en") == "168,111"
    assert numbers.percent(0.2822, "id") == "28,2%"
    assert numbers.percent(None, "id") == "–"
    assert numbers.points(-0.031, "id") == "−3,1"
    assert numbers.day(date(2020, 8, 16), "id") == "16 Agustus 2020"
    assert numbers.moment(datetime(2020, 4, 16, 16, 0), "id") == "16 April 2020 16.00 WIB"
    assert numbers.moment(datetime(2020, 4, 16, 16, 0), "en") == "16 April 2020 16:00 WIB"
    assert label("funnel.filled", "id", accepted=168111, quota=200000, share=0.840555).startswith(
        "168.111 dari 200.000"
    )


def test_missing_value_is_an_error() -> None:
    with pytest.raises(KeyError):
        label("funnel.filled", "id", accepted=1)


def test_wilson_against_published_values() -> None:
    low, high = wilson(81, 263)  # Newcombe 1998, table I, method 3
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)
    assert wilson(0, 20)[0] == 0.0
    assert round(wilson(0, 20)[1], 4) == 0.1611
    assert wilson(0, 0) == (0.0, 1.0)


def test_chance_is_not_flagged_and_a_difference_is() -> None:
    assert p_value(50, 100, 500, 1000) > 0.9
    even = rates([(500, 1000), (505, 1000), (495, 1000)])
    assert not any(rate and rate.beyond_chance for rate in even)
    uneven = rates([(500, 1000), (600, 1000), (0, 0)])
    assert [rate.large if rate else None for rate in uneven] == [True, True, None]
    tiny = rates([(500_000, 1_000_000), (503_000, 1_000_000)])
    assert all(rate and rate.beyond_chance and not rate.large for rate in tiny)


def test_every_province_has_a_tile_of_its_own() -> None:
    tiles = map_of([]).tiles
    assert {tile.province.code for tile in tiles} == set(provinces())
    assert len({(tile.x, tile.y) for tile in tiles}) == len(tiles) == 34


def test_the_map_has_one_scale_of_round_classes_and_one_colour_a_figure() -> None:
    def group(code: str, rate: float) -> SimpleNamespace:
        return SimpleNamespace(keys=(code,), applications=rate * provinces()[code].people / 100_000)

    few = map_of([group("11", 3.04), group("12", 3.01), group("31", 18.0), group("32", 0.0)])  # type: ignore[list-item]
    assert few.bounds == [0, 5, 10, 15, 20]
    assert few.classes[0] == pytest.approx((0, 4.9))
    shades = {tile.province.code: tile.shade for tile in few.tiles}
    assert (shades["11"], shades["12"], shades["31"], shades["32"], shades["13"]) == (1, 1, 4, 1, 0)
    most = map_of([group("11", 499.8), group("12", 500.2)])  # type: ignore[list-item]  # both are written 500
    assert len({tile.shade for tile in most.tiles if tile.rate}) == 1


def test_every_rule_has_a_name_and_a_basis_in_both_languages() -> None:
    for rule in all_rules():
        for section in ("rule", "basis"):
            assert label(f"{section}.{rule.code}", "id") != label(f"{section}.{rule.code}", "en")


def test_a_cohort_is_spelt_in_one_way() -> None:
    texts = [*Path("pipeline").rglob("*.toml"), *Path("pipeline").rglob("*.j2"), *Path("docs").rglob("*.md")]
    assert [path for path in texts if re.search(r"\b[Kk]ohor\b", path.read_text(encoding="utf-8"))] == []


def test_planted_against_found(tmp_path: Path) -> None:
    wave = wave_factory.wave(quota=300)
    store = wave_factory.make(tmp_path, wave, n=6000, truth=True)
    out = store.work(wave) / "out"
    report = compare_with_truth(store, wave, out)
    truth = read_table(store.landing(wave, "truth.parquet")).to_pylist()
    found = {row["registration_id"]: row for row in read_table(out / "decisions.parquet").to_pylist()}
    assert report.applications == 6000
    assert report.photographs == sum(row["selfie_verified"] for row in found.values())
    assert report.screening_exact
    pairs = [(t, found[t["registration_id"]]) for t in truth]
    for score in report.screening:
        assert score.hit == sum(score.code in t["expected"] for t, _ in pairs)
    seen = [(set(t["selfie_planted"]), {*f["reasons"], *f["warnings"]}) for t, f in pairs if f["selfie_verified"]]
    shows = [set(t["selfie_shows"]) for t, f in pairs if f["selfie_verified"]]
    for score in report.selfie:
        assert score.hit == sum(score.code in p and score.code in s for p, s in seen)
        assert score.missed == sum(score.code in p and score.code not in s for p, s in seen)
        more = [score.code in on_source for (p, s), on_source in zip(seen, shows, strict=True) if score.code in s - p]
        assert (score.shown, score.false, score.unlabelled) == (sum(more), len(more) - sum(more), 0)
    assert sum(report.impostors[True].values()) == sum("face_mismatch" in p for p, _ in seen)
    names = [(group.group, group.sex) for group in report.impostor_groups]
    impostors = [t for t, f in pairs if f["selfie_verified"] and "face_mismatch" in t["selfie_planted"]]
    one_group = [t for t in impostors if t["reference_group"] == t["selfie_group"]]
    expected = {
        (t["reference_group"], t["selfie_sex"] if t["selfie_sex"] == t["reference_sex"] else None) for t in one_group
    }
    assert len(names) == len(set(names))
    assert set(names) == expected | ({(None, None)} if len(one_group) < len(impostors) else set())
    assert {group for group, _ in names} >= {"asian", "other"}
    by_group = {d: sum(group.decisions[d] for group in report.impostor_groups) for d in report.impostors[True]}
    assert by_group == report.impostors[True]


def test_a_defect_on_a_source_that_nobody_labelled_is_no_false_find(tmp_path: Path) -> None:
    wave = wave_factory.wave(quota=300)
    store = wave_factory.make(tmp_path, wave, n=6000, truth=True, labelled=0)
    scores = {score.code: score for score in compare_with_truth(store, wave, store.work(wave) / "out").selfie}
    found = [scores[code] for code in DEFECTS if scores[code].unlabelled]
    assert found
    assert all((score.false, score.shown, score.precision) == (0, 0, None) for score in found)
    assert scores["face_mismatch"].unlabelled == 0
    write_funnel(store, wave)
    assert label("truth.not_labelled", "en") in write_report(store, wave).read_text(encoding="utf-8")


def test_a_truth_of_an_older_version_is_read(tmp_path: Path) -> None:
    wave = wave_factory.wave(quota=300)
    store = wave_factory.make(tmp_path, wave, n=3000, truth=True)
    path = store.landing(wave, "truth.parquet")
    old = read_table(path)
    old = old.select([n for n in old.column_names if not n.startswith(("selfie_s", "selfie_g", "reference_"))])
    write_table(old, path, old.schema)
    report = compare_with_truth(store, wave, store.work(wave) / "out")
    assert report.impostor_groups == []
    assert sum(score.unlabelled for score in report.selfie) > 0


def test_one_wrong_reason_is_seen(tmp_path: Path) -> None:
    wave = wave_factory.wave(quota=300)
    store = wave_factory.make(tmp_path, wave, n=2000, truth=True)
    other = wave_factory.make(tmp_path / "other", wave, n=2000, seed=2)
    report = compare_with_truth(store, wave, other.work(wave) / "out")
    assert not report.screening_exact
    assert any(score.missed for score in report.screening)
    assert any(score.false for score in report.screening)


def test_simulated_wave_says_so_and_shows_the_table(tmp_path: Path) -> None:
    wave = wave_factory.wave(quota=100)
    for truth in (True, False):
        store = wave_factory.make(tmp_path / str(truth), wave, n=1500, truth=truth)
        write_funnel(store, wave)
        html = write_report(store, wave).read_text(encoding="utf-8")
        assert (label("report.simulated", "id") in html) == truth
        assert ("<code>face_mismatch</code></th><td" in html) == truth


def test_one_is_told_in_the_singular() -> None:
    key = "alert.review_open"
    assert label(key, "en", n=1) == "One application waits for an officer's decision; the wave's result may grow."
    assert label(key, "en", n=2).startswith("2 applications wait ")
    assert label(key, "id", n=1).startswith("1 pendaftaran ")
