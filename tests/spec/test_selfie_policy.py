"""The contract's table "The selfie's decision", row by row, under both policies."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.domain.calendar_tables import PolicyMode
from pipeline.domain.reasons import DEFECTS
from pipeline.selfie.policy import SelfiePolicy, judge
from pipeline.selfie.verdict import Measurement

POLICY = SelfiePolicy.model_validate(
    {
        "model": "test",
        "calibration": {"midpoint": 0.5, "slope": 10},
        "match": 0.7,
        "doubt": 0.4,
        "points": dict.fromkeys(DEFECTS, 0.5),
        "strict": ["glasses", "hat"],
    }
)
MATCH, DOUBT, MISMATCH = 0.3, 0.5, 0.8  # distances, far inside their bands


def scores(defects: list[str]) -> dict[str, Any]:
    return dict.fromkeys(defects, 0.9)


@pytest.mark.parametrize(
    ("band", "defects", "mode", "outcome", "reasons", "warnings"),
    [
        # band, defects seen, policy → outcome, reasons, warnings
        (MATCH, [], "explain", "passed", [], []),
        (MATCH, ["blur", "glasses"], "explain", "passed", [], ["blur", "glasses"]),
        (MATCH, [], "strict", "passed", [], []),
        (MATCH, ["blur"], "strict", "passed", [], ["blur"]),  # not one of those that the wave names
        (MATCH, ["blur", "glasses"], "strict", "rejected", ["glasses"], ["blur"]),
        (DOUBT, [], "explain", "review", [], []),
        (DOUBT, [], "strict", "review", [], []),
        # hair hides the ears of most women: hidden ears alone never turn a doubt into a refusal
        (DOUBT, ["ears_hidden"], "explain", "review", [], ["ears_hidden"]),
        (DOUBT, ["ears_hidden"], "strict", "review", [], ["ears_hidden"]),
        (DOUBT, ["ears_hidden", "dark"], "explain", "rejected", ["ears_hidden", "dark"], []),
        (DOUBT, ["dark", "tilted"], "explain", "rejected", ["tilted", "dark"], []),
        (DOUBT, ["blur"], "strict", "rejected", ["blur"], []),
        (MISMATCH, [], "explain", "rejected", ["face_mismatch"], []),
        (MISMATCH, [], "strict", "rejected", ["face_mismatch"], []),
        (MISMATCH, ["hat"], "explain", "rejected", ["hat", "face_mismatch"], []),
        (MISMATCH, ["ears_hidden"], "explain", "rejected", ["ears_hidden", "face_mismatch"], []),
    ],
)
def test_bands(
    band: float, defects: list[str], mode: PolicyMode, outcome: str, reasons: list[str], warnings: list[str]
):
    seen = Measurement(distance=band, faces=1, reference_seen=True, **scores(defects))
    found = judge(POLICY.verdict(seen, reference_asked=True), POLICY, mode)
    assert (found.outcome, list(found.reasons), list(found.warnings)) == (outcome, reasons, warnings)


@pytest.mark.parametrize("problem", ["selfie_missing", "selfie_unreadable", "no_face", "several_faces"])
@pytest.mark.parametrize("mode", ["explain", "strict"])
@pytest.mark.parametrize("reference", [True, False])
def test_without_a_face_to_compare_the_photo_is_sent_again(problem: str, mode: PolicyMode, reference: bool):
    seen = Measurement(problem=problem, reference_seen=reference, dark=0.9)
    found = judge(POLICY.verdict(seen, reference_asked=True), POLICY, mode)
    assert (found.outcome, found.reasons) == ("rejected", (problem,))


@pytest.mark.parametrize("mode", ["explain", "strict"])
@pytest.mark.parametrize("defects", [[], ["blur", "hat"]])
def test_without_a_reference_a_person_decides(mode: PolicyMode, defects: list[str]):
    seen = Measurement(faces=1, **scores(defects))
    found = judge(POLICY.verdict(seen, reference_asked=True), POLICY, mode)
    assert (found.outcome, found.reasons, list(found.warnings)) == ("review", ("reference_missing",), defects)


@pytest.mark.parametrize("mode", ["explain", "strict"])
def test_a_covering_that_the_reference_shows_too_is_neither_hat_nor_hidden_ears(mode: PolicyMode):
    seen = Measurement(distance=MATCH, faces=1, reference_seen=True, same_covering=True, hat=0.9, ears_hidden=0.9)
    found = judge(POLICY.verdict(seen, reference_asked=True), POLICY, mode)
    assert (found.outcome, found.reasons, found.warnings) == ("passed", (), ())


def test_hidden_ears_send_a_doubt_to_review_even_where_the_wave_names_them():
    strict = POLICY.model_copy(update={"strict": ("ears_hidden",)})
    seen = Measurement(distance=DOUBT, faces=1, reference_seen=True, ears_hidden=0.9)
    found = judge(strict.verdict(seen, reference_asked=True), strict, "strict")
    assert (found.outcome, found.reasons, found.warnings) == ("review", (), ("ears_hidden",))


@pytest.mark.parametrize(("score", "seen"), [(0.49, False), (0.5, True), (None, False)])
def test_a_defect_counts_from_its_operating_point_on_and_the_unknown_never(score: float | None, seen: bool):
    measured = Measurement(distance=MATCH, faces=1, reference_seen=True, blur=score)
    assert judge(POLICY.verdict(measured, reference_asked=True), POLICY, "explain").warnings == (
        ("blur",) if seen else ()
    )
