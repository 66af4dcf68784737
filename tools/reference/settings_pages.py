"""The pages of settings and of calendar.toml."""

from __future__ import annotations

import inspect
from typing import Any

from pydantic import BaseModel

from pipeline.domain.calendar_tables import Area, Declared, Earlier, Recurring
from pipeline.domain.settings import Settings
from tools.reference.markdown import table


def _settings_rows(model: type[BaseModel], prefix: str) -> list[list[str]]:
    rows: list[list[str]] = []
    for name, field in model.model_fields.items():
        kind: Any = field.annotation
        if inspect.isclass(kind) and issubclass(kind, BaseModel):
            rows += _settings_rows(kind, f"{prefix}{name.upper()}__")
        else:
            rows.append([f"`{prefix}{name.upper()}`", f"`{field.default}`", field.description or ""])
    return rows


def settings_page() -> str:
    """Every setting, as an environment variable."""
    return "# Settings\n\n" + table(["variable", "default", "what"], _settings_rows(Settings, "GELOMBANG_"))


def _type_name(annotation: Any) -> str:
    if inspect.isclass(annotation) and not hasattr(annotation, "__args__"):
        return annotation.__name__
    return (
        str(annotation).replace("typing.", "").replace("pipeline.domain.calendar_tables.", "").replace("datetime.", "")
    )


def calendar_page() -> str:
    """Keys of calendar.toml."""

    def keys(model: type[BaseModel]) -> str:
        rows = [
            [
                f"`{f.alias or n}`",
                _type_name(f.annotation),
                "required" if f.is_required() else "–" if f.default_factory else f"`{f.default}`",
            ]
            for n, f in model.model_fields.items()
        ]
        return table(["key", "type", "default"], rows)

    return (
        "# calendar.toml\n\nTimes are local (WIB) and carry no offset.\n\n## `[[wave]]`\n\n"
        + keys(Declared)
        + "\nA wave has a `seed` or a `beacon`, not both ([the draw](../explanation/draw.md)). `beacon_after`: hours "
        "from `closes` to the moment whose round is waited for.\n"
        + "\n## `[[wave.earlier]]`\n\nWhat was announced before a change, oldest first. Each makes a new version of "
        "the wave; a run's manifest records the one it used (`calendar_version`).\n\n"
        + keys(Earlier)
        + "\n## `[[wave.area]]`\n\nA share of the quota that is kept for people of one province (two digits) or one "
        "regency (four) of the population register; only with a `seed` ([quotas by area](contract.md)).\n\n"
        + keys(Area)
        + "\n## `[defaults]`\n\nAny keys of a wave or of the weekly rule, for all that do not have their own.\n"
        + "\n## `[recurring]`\n\nMonday 00:00 to Thursday 23:59:59, for weeks that no declared wave touches. "
        "It needs a `beacon`, or a `seed`, which is a beginning: week N has `<seed>-N`.\n\n" + keys(Recurring)
    )
