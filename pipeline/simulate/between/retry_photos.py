"""New photographs that people send with the next wave after a refusal that was only for the photograph.

Writes ``landing/wave-NNNN/reuploads``. What the pipeline must refuse is among them: a photograph of somebody who was
refused for something else, one that came too late, one for an application that does not exist.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa

from pipeline.domain.contracts import REUPLOADS
from pipeline.simulate import noise, table_writers
from pipeline.simulate.between.past import PHOTO, REFUSED, Past
from pipeline.simulate.noise import I64
from pipeline.simulate.photos.photo_job import Job
from pipeline.simulate.presets import SimulationPlan
from pipeline.storage.paths import Store

_SEND, _BAD_AGAIN = 0.75, 0.15
_NOT_PHOTO_ONLY = 2
_FIRST_NUMBER = 50_000_000  # of these photographs among a wave's: no application has it


def deliver(plan: SimulationPlan, store: Store, past: Past) -> list[Job]:
    """Writes the wave's re-uploads and names the photographs to render; none where no application was refused for
    one."""
    folder = store.landing(plan.wave, "reuploads")
    shutil.rmtree(folder, ignore_errors=True)
    last = past.wave == past.wave.max(initial=0)
    may = np.flatnonzero(last & (past.ended == PHOTO))
    if not len(may):
        return []
    u = noise.uniform(plan.seed, f"retries {past.step}", past.person)
    sent = may[u[may] < _SEND] if len(may) > 1 else may
    others = np.flatnonzero(last & (past.ended == REFUSED))[:_NOT_PHOTO_ONLY]
    at = np.concatenate([sent, others])
    ids = [f"{w:04d}-{n:08d}" for w, n in zip(past.wave[at].tolist(), past.number[at].tolist(), strict=True)]
    opens, closes = (int(np.datetime64(day, "s").astype(np.int64)) for day in (plan.wave.opens, plan.wave.closes))
    moments = opens + noise.pick(plan.seed, f"retry sent {past.step}", past.person[at], closes - opens + 1)
    moments[-1] = closes + 3_600  # the next wave takes it
    photographs = [f"retries/{one}.jpg" for one in ids]
    wave = int(past.wave.max())
    rows = pa.table(
        {
            "registration_id": [*ids, f"{wave:04d}-99999999"],
            "from_wave": pa.array([wave] * (len(ids) + 1), pa.int32()),
            "submitted_at": pa.array(np.append(moments, opens).astype("datetime64[s]")),
            "selfie": [*photographs, "retries/nobody.jpg"],
        }
    )
    with table_writers.lines(folder / "portal.csv", REUPLOADS.names) as csv:
        csv.write(rows.select(REUPLOADS.names))
    bad = u[sent] < _SEND * _BAD_AGAIN
    return _jobs(past, sent, bad, [store.landing(plan.wave, "selfies") / path for path in photographs[: len(sent)]])


def _jobs(past: Past, sent: I64, bad: np.ndarray, paths: list[Path]) -> list[Job]:
    """One photograph of each, most of them good this time; the register's own was made with the first one."""
    return [
        Job(
            number=_FIRST_NUMBER + n,
            person=int(past.person[at]),
            odd_year=False,
            fault="no_face" if faceless else None,
            selfie=path,
            reference=None,
        )
        for n, (at, faceless, path) in enumerate(zip(sent.tolist(), bad.tolist(), paths, strict=True))
    ]
