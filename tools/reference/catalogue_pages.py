"""The pages of named errors and of reasons."""

from __future__ import annotations

import inspect

from pipeline.domain import errors, reasons
from tools.reference.markdown import table


def errors_page() -> str:
    """Every named error: what it means, what to do, how the command ends."""
    kinds = [
        kind
        for kind in vars(errors).values()
        if inspect.isclass(kind) and issubclass(kind, errors.GelombangError) and kind is not errors.GelombangError
    ]
    rows = [
        [f"`{k.__name__}`", inspect.cleandoc(k.__doc__ or ""), k.advice, "yes" if k.may_heal else "–", str(k.exit_code)]
        for k in kinds
    ]
    return (
        "# Named errors\n\nA wave that stops, stops with one of these, before anything is written to `DATA/waves/`.\n\n"
        "Airflow tries a task again only after an error that may heal without a person.\n\n"
        + table(["error", "what happened", "what to do", "tried again", "exit code"], rows)
    )


def _both(plain: str, refused: str | None) -> str:
    return plain if refused is None else f"{plain}<br>*{refused}*"


def reasons_page() -> str:
    """Every reason and warning, in both languages."""
    rows = [
        [f"`{r.code}`", r.layer, r.retry, _both(r.id, r.refused_id), _both(r.en, r.refused_en)]
        for r in reasons.catalogue().values()
    ]
    warned = [[f"`{w.code}`", w.id, w.en] for w in reasons.warning_catalogue().values()]
    return (
        "# Reasons and warnings\n\nIn italics: what the applicant reads once a reviewer has refused.\n\n"
        + table(["code", "layer", "retry", "Indonesian", "English"], rows)
        + "\n## Warnings\n\nA warning is reported and never decides. A selfie's defects warn too,"
        " when the match is beyond doubt; hidden ears alone also where the comparison is in doubt and a person"
        " decides.\n\n" + table(["code", "Indonesian", "English"], warned)
    )
