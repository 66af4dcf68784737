"""The truth of a simulated wave as a table: what was planted in each application, and what must be decided."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.domain.contracts import TEXT_LIST
from pipeline.simulate import application_rows
from pipeline.simulate.faults import BIT, CODES, PHOTO_CODES
from pipeline.simulate.noise import I64
from pipeline.simulate.photos.casting import Shown
from pipeline.simulate.photos.photo_job import EACH_WAVE
from pipeline.simulate.presets import SimulationPlan
from pipeline.simulate.truth import planted_truth
from pipeline.simulate.truth.planted_truth import Known
from pipeline.storage.paths import Store

TRUTH = pa.schema(
    [
        ("registration_id", pa.string()),
        ("nik", pa.string()),
        ("planted", TEXT_LIST),
        ("expected", TEXT_LIST),
        ("expected_warnings", TEXT_LIST),
        ("selfie_planted", TEXT_LIST),
        ("hijab", pa.bool_()),
        ("photo_delivered", pa.bool_()),
        # FACE_COLUMNS, of the faces that were rendered from: null without a photograph, or where no label says it
        ("selfie_shows", TEXT_LIST),  # defects that the source of the selfie shows by itself
        ("reference_group", pa.string()),
        ("reference_sex", pa.string()),
        ("selfie_group", pa.string()),
        ("selfie_sex", pa.string()),
    ]
)
#: Filled when the photographs are rendered.
FACE_COLUMNS = tuple(TRUTH.names[TRUTH.get_field_index("selfie_shows") :])


def truth_path(plan: SimulationPlan, store: Store) -> Path:
    """The file of the truth. ``simulated.json`` is in the same folder."""
    return store.landing(plan.wave, "truth.parquet")


def truth_table(
    plan: SimulationPlan, known: Known, niks: pa.ChunkedArray, *, expected: I64, selfie_planted: I64, wanted: np.ndarray
) -> pa.Table:
    """One row per application. ``niks``: as the applications have them; ``selfie_planted``: bits of PHOTO_CODES."""
    return pa.table(
        {
            "registration_id": application_rows.registration_ids(plan, np.arange(known.size)),
            "nik": niks,
            "planted": planted_truth.texts(known.planted | (expected & BIT["kk_limit"]), CODES),
            "expected": planted_truth.texts(expected, CODES),
            "expected_warnings": planted_truth.texts(known.warnings, planted_truth.WARNINGS),
            "selfie_planted": planted_truth.texts(selfie_planted, PHOTO_CODES),
            "hijab": pa.nulls(known.size, pa.bool_()),
            "photo_delivered": wanted,
            **{name: pa.nulls(known.size, TRUTH.field(name).type) for name in FACE_COLUMNS},
        }
    )


def with_faces(truth: pa.Table, shown: Mapping[int, Shown]) -> pa.Table:
    """The truth with what is known of the faces that were rendered from; ``shown`` by number of the application."""
    columns: dict[str, list[Any]] = {name: [None] * truth.num_rows for name in FACE_COLUMNS}
    for job, faces in shown.items():
        number = job % EACH_WAVE
        if number >= truth.num_rows:  # a new photograph for an application of an earlier wave
            continue
        columns["reference_group"][number], columns["reference_sex"][number] = faces.own.group, faces.own.sex
        if faces.selfie is None:
            columns["selfie_shows"][number] = []  # no face, so no defect either
            continue
        columns["selfie_shows"][number] = faces.selfie.shows
        columns["selfie_group"][number], columns["selfie_sex"][number] = faces.selfie.group, faces.selfie.sex
    for name, values in columns.items():
        field = TRUTH.field(name)
        truth = truth.set_column(truth.schema.get_field_index(name), field, pa.array(values, field.type))
    return truth
