"""Thresholds are set by the group that fares worst, and what is said of them is what was counted."""

from __future__ import annotations

import json
import tomllib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.errors import BadSettingError
from pipeline.domain.wilson import wilson
from pipeline.selfie.calibration import LabelledPairs, by_group, calibrate
from pipeline.selfie.calibration_report import AVERAGE, summary, write_calibration
from pipeline.selfie.policy import BUILT_IN, SelfiePolicy
from pipeline.selfie.recogniser import DEFAULT
from tests.effort import examples

BASE = SelfiePolicy.load(BUILT_IN / f"{DEFAULT}.toml")


def spread(low: float, high: float, count: int) -> np.ndarray:
    return np.linspace(low, high, count)


def group(name: str, impostors_from: float, count: int = 10_000) -> LabelledPairs:
    return LabelledPairs(name, spread(0.1, 0.6, 1_000), spread(impostors_from, 1.2, count))


def test_the_worst_group_sets_the_threshold():
    easy, hard = group("women of Java", 0.7), group("women of Papua", 0.5)
    result = calibrate([easy, hard], 0.001)
    assert result.worst == "women of Papua"
    assert [rates.false_matches.count for rates in result.groups] == [0, 10]
    assert result.match < 0.51
    assert calibrate([easy], 0.001).match > 0.69


def test_an_average_would_have_hidden_it():
    easy, hard = group("many", 0.9, 99_000), group("few", 0.3, 1_000)
    together = LabelledPairs("all pairs", easy.genuine, np.concatenate([easy.impostor, hard.impostor]))
    assert calibrate([together], 0.001).match > calibrate([easy, hard], 0.001).match


def test_a_group_s_own_limit_counts_for_it_alone():
    easy, hard = group("easy", 0.7), group("hard", 0.5)
    result = calibrate([easy, hard], 0.001, {"hard": 0.002})
    assert result.groups[1].false_matches.count == 20


def test_a_small_group_is_named_as_too_small_to_show_anything():
    result = calibrate([group("large", 0.6), group("small", 0.7, 50)], 0.001)
    assert result.too_few == ("small",)


def test_one_wrong_label_in_a_small_group_does_not_decide_for_everybody():
    label_error = LabelledPairs("small", spread(0.1, 0.6, 100), np.append(spread(0.8, 1.2, 300), 0.05))
    assert calibrate([group("large", 0.6), label_error], 0.001).match > 0.55


def test_a_small_group_that_plainly_fails_sets_the_threshold():
    failing = LabelledPairs("small", spread(0.1, 0.6, 100), spread(0.3, 1.2, 300))
    assert calibrate([group("large", 0.6), failing], 0.001).worst == "small"


def test_doubt_keeps_genuine_pairs_unless_too_many_strangers_would_be_in_it():
    few_strangers = calibrate([group("one", 0.59)], 0.001)
    assert few_strangers.groups[0].rejected.share <= 1 / 200
    many_strangers = calibrate([LabelledPairs("one", spread(0.1, 1.1, 1_000), spread(0.5, 1.2, 10_000))], 0.001)
    assert many_strangers.groups[0].impostors_in_doubt.share <= 0.02
    assert many_strangers.groups[0].rejected.share > 1 / 200


def test_a_pair_without_a_comparison_is_a_genuine_pair_lost_and_no_false_match():
    [pairs] = by_group([None, 0.2, None, 0.9] * 20, [True, True, False, False] * 20, None)
    result = calibrate([pairs], 0.05)
    assert result.not_compared == 40
    assert result.overall.not_matched.count == 20
    assert result.overall.false_matches.count == 0


def test_without_groups_the_figure_is_called_an_average(tmp_path):
    [pairs] = by_group([0.2, 0.9] * 20, [True, False] * 20, None)
    result = calibrate([pairs], 0.05)
    assert AVERAGE in summary(result)
    write_calibration(result, BASE, "pairs.csv", tmp_path)
    policy = tomllib.loads((tmp_path / "policy.toml").read_text())
    assert "AVERAGE" in policy["source"]
    assert "group" not in policy


def test_with_groups_the_policy_records_them_and_is_one_that_the_pipeline_reads(tmp_path):
    result = calibrate([group('women of "Java"', 0.7), group("men", 0.6)], 0.001)
    paths = write_calibration(result, BASE, "pairs.csv", tmp_path)
    policy = SelfiePolicy.load(tmp_path / "policy.toml")
    assert [record.name for record in policy.group] == ['women of "Java"', "men"]
    assert policy.group[1].impostor_pairs == 10_000
    assert policy.digest() == policy.model_copy(update={"group": ()}).digest()
    assert policy.calibration.similarity(result.match) == pytest.approx(policy.match, abs=1e-6)
    assert AVERAGE not in summary(result)
    assert "men" in summary(result)
    assert len(json.loads((tmp_path / "report.json").read_text())["groups"]) == 2
    assert paths[2].read_text().startswith("<svg")


def test_the_portrait_on_a_card_keeps_the_distance_that_it_was_measured_at(tmp_path):
    result = calibrate([group("one", 0.7)], 0.001)
    write_calibration(result, BASE, "pairs.csv", tmp_path)
    policy = SelfiePolicy.load(tmp_path / "policy.toml")
    assert policy.calibration != BASE.calibration
    before = BASE.calibration.distance(BASE.card_face or 0)
    assert policy.card_face == pytest.approx(policy.calibration.similarity(before), abs=1e-6)


@pytest.mark.parametrize("distance", [0.0, 0.3, 0.5, 0.7])
def test_a_similarity_stands_for_one_distance(distance):
    assert BASE.calibration.distance(BASE.calibration.similarity(distance)) == pytest.approx(distance)


def test_too_few_pairs_are_refused():
    with pytest.raises(BadSettingError, match="Fewer than ten pairs"):
        calibrate([LabelledPairs("one", np.zeros(100), np.ones(9))], 0.001)


@examples(50)
@given(
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(20, 3_000)), min_size=1, max_size=4),
    st.sampled_from([0.001, 0.01, 0.1]),
)
def test_no_group_ever_exceeds_the_limit(groups, fmr):
    pairs = [
        LabelledPairs(
            f"group {i}",
            np.random.default_rng(seed).normal(0.3, 0.1, 50),
            np.random.default_rng(seed + 1).normal(0.9, 0.1, count),
        )
        for i, (seed, count) in enumerate(groups)
    ]
    for rates in calibrate(pairs, fmr).groups:
        assert rates.false_matches.low <= fmr
        assert rates.false_matches.share <= fmr or wilson(0, rates.false_matches.of)[1] > 2 * fmr
