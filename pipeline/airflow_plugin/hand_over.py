"""Hand-overs between tasks as Airflow keeps them: plain dictionaries, made and read only here."""

from __future__ import annotations

from dataclasses import asdict, is_dataclass
from typing import Any, TypeVar

from pipeline.domain.run_ref import RunRef

T = TypeVar("T")


def to_dict(handed: Any) -> Any:
    """A hand-over, or a list of them, as plain values; anything else stays as it is."""
    if isinstance(handed, list):
        return [to_dict(one) for one in handed]
    return asdict(handed) if is_dataclass(handed) and not isinstance(handed, type) else handed


def from_dict(kind: type[T], plain: dict[str, Any]) -> T:
    """A hand-over of this class from its plain values."""
    run = {"run": RunRef(**plain["run"])} if "run" in plain else {}
    return kind(**{**plain, **run})
