"""A case as the reviewer reads it: words, templates and the values in them."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from functools import lru_cache
from importlib.resources import files
from typing import Any

from pipeline.domain import reasons
from pipeline.domain.said import written
from pipeline.reports.language import numbers
from pipeline.reports.language.labels import label
from pipeline.reports.page import templates_of
from pipeline.review.cases import Case


@lru_cache(maxsize=1)
def words() -> dict[str, Any]:
    """The catalogue ``words.toml``."""
    return tomllib.loads((files("pipeline.review") / "words.toml").read_text(encoding="utf-8"))


def speaker(language: str) -> Callable[..., str]:
    """``t("page.done")``: a text of the catalogue in one language, its placeholders filled."""

    def speak(key: str, **values: Any) -> str:
        section, _, name = key.partition(".")
        return str(words()[section][name][language]).format_map(written(values, language))

    return speak


def asset(name: str) -> str:
    """A style sheet or script: the page's own, or the reports' style that it shares."""
    package = "pipeline.reports" if name == "report.css" else "pipeline.review"
    return (files(package) / "templates" / name).read_text(encoding="utf-8")


def scores(case: Case, policy: dict[str, Any] | None, language: str) -> list[dict[str, Any]]:
    """The six defects: name, score, operating point, and whether it was noted."""
    points = (policy or {}).get("points", {})
    return [
        {
            "name": label(f"defect.{code}", language),
            "score": None if score is None else numbers.decimal(score, language, 2),
            "point": numbers.decimal(points[code], language, 2) if code in points else None,
            "noted": score is not None and code in points and score >= points[code],
        }
        for code, score in case.scores.items()
    ]


def in_fours(number: str) -> str:
    """A long number in groups of four, as an eye compares it."""
    return " ".join(number[at : at + 4] for at in range(0, len(number), 4))


def render(language: str, template: str = "review.html.j2", **values: Any) -> str:
    """The page of a case; without ``case`` the page at the end of the work. Or another ``template``."""
    shared = {"lang": language, "t": speaker(language), "ready": words()["ready"]}
    shared |= {"in_fours": in_fours, "message": lambda code: reasons.message(code, language), "label": label}
    return templates_of("pipeline.review").get_template(template).render(**shared, **values)
