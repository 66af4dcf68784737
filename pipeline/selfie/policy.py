"""Thresholds as data, and the consequences of a verdict under them. Reads only the policy file that it is given.

A policy belongs to one recogniser: thresholds of another model are never borrowed.
"""

from __future__ import annotations

import hashlib
import json
import math
import tomllib
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pipeline.domain.errors import BadSettingError, UncalibratedModelError
from pipeline.domain.reasons import CARD_CODES, DEFECTS, LIFTED
from pipeline.selfie.verdict import UNUSABLE, Decision, Measurement, Seen, Verdict, in_order

if TYPE_CHECKING:
    from pipeline.domain.settings import Settings

BUILT_IN = Path(__file__).with_name("policies")
#: Defects that alone never turn a doubt into a refusal. Hair hides the ears of most women and of few men, and ears say
#: little about whether two faces agree.
NEVER_REFUSES = frozenset({"ears_hidden"})
#: What a card says that does not agree, as a code. Where no card was looked for there is none.
CARD_CODE_OF = {code.removeprefix("card_"): code for code in CARD_CODES}


class Calibration(BaseModel):
    """Distance → similarity: 1 / (1 + exp(slope · (distance − midpoint)))."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    midpoint: float = Field(gt=0)
    slope: float = Field(gt=0)

    def similarity(self, distance: float) -> float:
        """0–1; 0.5 at the midpoint."""
        return 1 / (1 + math.exp(max(-60.0, min(60.0, self.slope * (distance - self.midpoint)))))

    def distance(self, similarity: float) -> float:
        """The distance of a similarity; of 0 and of 1, which no distance has, one that is far beyond all others."""
        share = min(max(similarity, 1e-12), 1 - 1e-12)
        return self.midpoint + math.log(1 / share - 1) / self.slope


class GroupRecord(BaseModel):
    """Error counts of one group of the pairs that a policy was made on; of no influence on a verdict."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str
    impostor_pairs: int = Field(ge=0)
    false_matches: int = Field(ge=0, description="pairs of different people called the same")
    genuine_pairs: int = Field(ge=0)
    not_matched: int = Field(ge=0, description="genuine pairs that are no match")
    rejected: int = Field(ge=0, description="genuine pairs that are neither match nor doubt")


class SelfiePolicy(BaseModel):
    """Two thresholds on the similarity make three bands; ``points`` are the defects' operating points; ``strict``
    names those that reject on their own in a wave with ``policy = "strict"``."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    model: str
    calibration: Calibration
    match: float = Field(ge=0, le=1, description="a similarity at or above is a match")
    doubt: float = Field(ge=0, le=1, description="at or above, below `match`: doubt; below: mismatch")
    one_against_all: float | None = Field(
        None,
        ge=-1,
        le=1,
        description="cosine of two descriptors from which two applications are one person's, to be looked at by a "
        "person; None: this recogniser is not sure enough, and faces are not compared one against all",
    )
    card_face: float | None = Field(
        None,
        ge=0,
        le=1,
        description="similarity of the card's portrait to both faces from which a doubt counts as a match, if it is a "
        "match as well; None: a doubt always goes to a person",
    )
    points: dict[str, float] = Field(description="operating point of each defect's score")
    strict: tuple[str, ...] = ("blur", "glasses", "tilted", "dark", "hat")
    source: str = Field("", description="what the thresholds were calibrated on, with error rates")
    group: tuple[GroupRecord, ...] = Field((), description="the groups that the thresholds were made on; none: unknown")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.doubt > self.match:
            raise ValueError("doubt lies above match")
        if set(self.points) != set(DEFECTS):
            raise ValueError(f"points must name exactly {', '.join(DEFECTS)}")
        if not set(self.strict) <= {*DEFECTS, *CARD_CODES}:
            raise ValueError(f"strict may name only {', '.join((*DEFECTS, *CARD_CODES))}")
        return self

    @classmethod
    def load(cls, path: Path) -> SelfiePolicy:
        """Reads a .toml or .json policy file; BadSettingError says what is wrong with it."""
        try:
            text = path.read_text(encoding="utf-8")
            data = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
            return cls.model_validate(data)
        except (OSError, ValueError) as error:  # ValidationError and both decoders' errors are ValueErrors
            detail = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
            raise BadSettingError(f"The selfie policy {path} cannot be used: {detail}") from error

    @classmethod
    def default(cls, settings: Settings) -> SelfiePolicy:
        """The policy file that the settings name, else the built-in one of the model in force;
        UncalibratedModelError if the model has none of its own."""
        model = settings.selfie.model
        path = settings.selfie.policy_file or BUILT_IN / f"{model}.toml"
        if settings.selfie.policy_file is None and not path.is_file():
            raise UncalibratedModelError(f"The recogniser {model} has no thresholds of its own.")
        policy = cls.load(path)
        if policy.model != model:
            raise UncalibratedModelError(
                f"The policy {path} was made with {policy.model}, the recogniser in force is {model}."
            )
        return policy

    def digest(self) -> str:
        """SHA-256, hex, of everything that can change a verdict."""
        text = json.dumps(self.model_dump(exclude={"source", "group"}), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def verdict(self, seen: Measurement, *, reference_asked: bool) -> Verdict:
        """The verdict on what was measured. ``reference_asked``: a pair without a reference is `reference_missing`."""
        defects = {
            name for name in DEFECTS if (score := getattr(seen, name)) is not None and score >= self.points[name]
        }
        if seen.same_covering:
            defects -= {"hat", "ears_hidden"}
        codes = set(defects)
        similarity, card_face = (
            None if distance is None else self.calibration.similarity(distance)
            for distance in (seen.distance, seen.card_distance)
        )
        decision: Decision | None = None
        if seen.problem in UNUSABLE:
            codes.add(seen.problem)
            decision = "unusable"
        if reference_asked and not seen.reference_seen and decision is None:
            codes.add("reference_missing")
        if decision is None and similarity is not None:
            decision = "match" if similarity >= self.match else "doubt" if similarity >= self.doubt else "mismatch"
            if decision == "mismatch":
                codes.add("face_mismatch")
        kept: dict[str, Any] = {field.name: getattr(seen, field.name) for field in fields(Seen)}
        return Verdict(decision, similarity, card_face, in_order(codes), **kept)

    def lifts(self, verdict: Verdict) -> bool:
        """Whether the card's portrait lifts this doubt: the card bears the right number, and its portrait is surely
        the selfie's person and surely the register's."""
        point = lifting_point(self.card_face, self.match)
        sure = point is not None and verdict.card_face is not None and verdict.card_face >= point
        return sure and verdict.decision == "doubt" and verdict.card == "agrees"


def lifting_point(card_face: float | None, match: float) -> float | None:
    """The similarity from which a card's portrait lifts a doubt: the policy's own, and never less than a match. None:
    no portrait does."""
    return None if card_face is None else max(card_face, match)


@dataclass(frozen=True)
class Outcome:
    """What follows from a verdict: reasons and warnings in catalogue order."""

    outcome: Literal["passed", "review", "rejected"]
    reasons: tuple[str, ...]
    warnings: tuple[str, ...]


def judge(verdict: Verdict, policy: SelfiePolicy, mode: Literal["explain", "strict"]) -> Outcome:
    """The table "The selfie's decision" of docs/reference/contract.md, and what the card in the hand adds to it."""
    if policy.lifts(verdict):
        found = _judged_by_face(replace(verdict, decision="match"), policy, mode)
        return replace(found, warnings=(*found.warnings, LIFTED))
    found = _judged_by_face(verdict, policy, mode)
    code = CARD_CODE_OF.get(verdict.card or "")
    if code is None or found.outcome == "rejected":
        return replace(found, warnings=in_order({*found.warnings, *([code] if code else [])}))
    if mode == "strict" and code in policy.strict and verdict.decision in ("match", "doubt"):
        return Outcome("rejected", in_order({*found.reasons, code}), found.warnings)
    if code == "card_differs":
        return Outcome("review", in_order({*found.reasons, code}), found.warnings)
    return replace(found, warnings=in_order({*found.warnings, code}))


def _judged_by_face(verdict: Verdict, policy: SelfiePolicy, mode: Literal["explain", "strict"]) -> Outcome:
    """What follows from the faces and the defects alone.

    A missing reference goes to a person, whatever the defects: the applicant cannot mend it with another selfie. A
    score that is unknown is in no verdict's reasons, so it never rejects.
    """
    codes = set(verdict.reasons)
    defects = codes & set(DEFECTS)
    if codes & UNUSABLE:
        return Outcome("rejected", in_order(codes & UNUSABLE), in_order(codes - UNUSABLE))
    if verdict.decision is None:
        return Outcome("review", in_order(codes & {"reference_missing"}), in_order(defects))
    if verdict.decision == "match":
        rejecting = defects & set(policy.strict) if mode == "strict" else set()
        if rejecting:
            return Outcome("rejected", in_order(rejecting), in_order(defects - rejecting))
        return Outcome("passed", (), in_order(defects))
    if verdict.decision == "doubt" and defects <= NEVER_REFUSES:
        return Outcome("review", (), in_order(defects))
    return Outcome("rejected", in_order(defects | ({"face_mismatch"} if verdict.decision == "mismatch" else set())), ())
