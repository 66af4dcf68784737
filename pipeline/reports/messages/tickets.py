"""The paragraph that gives each person on the list of a wave with a beacon their ticket. No data, no files."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.domain.calendar import Wave
from pipeline.reports.language.labels import LANGUAGES
from pipeline.reports.messages.letters import texts


def paragraph(wave: Wave, ticket: str, language: str) -> str:
    """What a letter says of a ticket."""
    return str(texts()["closing"][f"ticket_{language}"]).format(wave=wave.number, ticket=ticket)


def with_paragraphs(notices: pa.Table, wave: Wave) -> pa.Table:
    """Notices with a column ``ticket`` whose e-mails end with it, as far as there is one."""
    for language in LANGUAGES:
        name = f"email_{language}"
        before, after = paragraph(wave, "\0", language).split("\0")
        parts = [notices[name], pa.scalar(f"\n\n{before}"), notices["ticket"], pa.scalar(after)]
        told = pc.binary_join_element_wise(*parts, "", null_handling="emit_null")
        at = notices.schema.get_field_index(name)
        notices = notices.set_column(at, name, pc.coalesce(told, notices[name]))
    return notices
