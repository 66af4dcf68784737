"""What only one person's letter has: the code for a helpdesk, in a wave with a beacon the ticket. No files."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.domain.calendar import Wave
from pipeline.reports.language.labels import LANGUAGES
from pipeline.reports.messages.letters import texts

#: The columns of a notice that have a paragraph of their own name.
OWN = ("ticket", "code")


def paragraph(wave: Wave, name: str, value: str, language: str) -> str:
    """The paragraph of a letter about a ticket or a code."""
    return str(texts()["closing"][f"{name}_{language}"]).format_map({"wave": wave.number, name: value})


def with_paragraphs(notices: pa.Table, wave: Wave) -> pa.Table:
    """Adds the paragraphs about ``ticket`` and ``code`` to the e-mails of notices that have them."""
    for language in LANGUAGES:
        name = f"email_{language}"
        at = notices.schema.get_field_index(name)
        for own in (column for column in OWN if column in notices.schema.names):
            before, after = paragraph(wave, own, "\0", language).split("\0")
            parts = [notices[name], pa.scalar(f"\n\n{before}"), notices[own], pa.scalar(after)]
            ending = pc.binary_join_element_wise(*parts, "", null_handling="emit_null")
            notices = notices.set_column(at, name, pc.coalesce(ending, notices[name]))
    return notices
