"""Tables of ``published/wave-NNNN/rev-N/``. A promise to their readers."""

from __future__ import annotations

import pyarrow as pa

from pipeline.domain.contracts.column import FLAG, TEXT, TEXT_LIST, Column, Table
from pipeline.domain.contracts.values import ID, MESSAGE_EN, MESSAGE_ID, NIK, OUTCOMES, RANK, WAVE

LEDGER = Table(
    "published/…/ledger.parquet",
    "One row per holder of a place, of every wave's newest revision.",
    (WAVE, Column("revision", pa.int32(), "The revision of the wave's publication."), RANK, ID, NIK),
)

CHANGES = Table(
    "published/…/changes.parquet",
    "One row per person whose place differs from what was before.",
    (
        Column("against", TEXT, "What this revision is compared with.", ("run", "revision")),
        ID,
        Column("change", TEXT, "What happened to the person.", ("removed", "added", "moved")),
        Column("rank_before", pa.int64(), "The rank before, or null."),
        Column("rank_after", pa.int64(), "The rank now, or null."),
        Column("outcome", TEXT, "What the last screening decided about those whom it removed, or null.", OUTCOMES),
        Column("reasons", TEXT_LIST, "The reasons of the last screening, of those whom it removed."),
        MESSAGE_ID,
        MESSAGE_EN,
        Column("reviewed", FLAG, "Whether an officer took that decision of the last screening, or null."),
    ),
)
