"""The prints of a run's verified selfies, by application: as the workers wrote them, or computed again where they are
missing.

A verdict from the cache needed no look at the photographs, so its print may be missing. Then the photographs are
read again, only for the print.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.domain.settings import settings
from pipeline.runtime import processes, progress
from pipeline.selfie.one_against_all.prints import UNKNOWN_ALIKE, UNKNOWN_APART, record
from pipeline.selfie.verdict import PhotoPair
from pipeline.storage import duckdb_sql
from pipeline.wave_run import photo_prefetch
from pipeline.wave_run.plan import Plan
from pipeline.wave_run.selfie_rounds import print_folder, verdict_files


@dataclass(frozen=True)
class Verified:
    """One application whose selfie was looked at; ``key`` identifies its photographs: both SHA-256, 64 bytes."""

    registration_id: str
    nik: str | None
    selfie: str
    reference: str | None
    outcome: str
    key: bytes

    @property
    def selfie_sha256(self) -> bytes:
        return self.key[:32]

    @property
    def reference_sha256(self) -> bytes:
        return self.key[32:]


def verified(run: Plan) -> list[Verified]:
    """Every application of the run whose selfie is a picture, in order of registration_id."""
    files_ = verdict_files(run)
    if not files_:
        return []
    drawn, screened = (duckdb_sql.path_list([run.work / f"{name}.parquet"]) for name in ("drawn", "screened"))
    with duckdb_sql.connect(run.work) as db:
        rows = db.execute(
            f"""SELECT v.registration_id, s.nik, d.selfie, d.reference, v.outcome, v.selfie_sha256, v.reference_sha256
                FROM read_parquet({duckdb_sql.path_list(files_)}) v
                JOIN read_parquet({drawn}) d USING (registration_id)
                JOIN read_parquet({screened}) s USING (registration_id)
                WHERE v.selfie_sha256 IS NOT NULL AND NOT list_contains(v.reasons, 'selfie_unreadable')
                ORDER BY v.registration_id"""
        ).fetchall()
    no_reference = bytes(32).hex()
    return [
        Verified(id_, nik, selfie, reference, outcome, bytes.fromhex(selfie_hash + (reference_hash or no_reference)))
        for id_, nik, selfie, reference, outcome, selfie_hash, reference_hash in rows
    ]


def prints_of(run: Plan, people: Sequence[Verified]) -> tuple[list[Verified], NDArray[np.void]]:
    """Those of the applications that have a print, and their prints, in the same order.

    A wave that compares only files does not read them. Raises BadSettingError where the key cannot be used, and
    SelfieSystemError.
    """
    if run.wave.same_person == "files":
        return list(people), _files_alone(people)
    model = run.selfie_policy().model
    folder = print_folder(run)
    found = _by_key(folder.read(model))
    missing = [person for person in people if person.key not in found]
    if missing:
        _look_again(run, missing, model)
        found = _by_key(folder.read(model))
    kept = [person for person in people if person.key in found]
    dimensions = max((len(row["face"]) for row in found.values()), default=0)
    rows = np.zeros(len(kept), record(dimensions))
    for at, person in enumerate(kept):
        row = found[person.key]
        if len(row["face"]) == dimensions:
            rows[at] = row
        else:  # its file has no face
            for name in ("selfie", "reference", "picture", "apart", "alike"):
                rows[name][at] = row[name]
    return kept, rows


def _files_alone(people: Sequence[Verified]) -> NDArray[np.void]:
    """Prints that contain only the hashes of the files."""
    rows = np.zeros(len(people), record(0))
    for row, person in zip(rows, people, strict=True):
        row["selfie"], row["reference"] = np.void(person.selfie_sha256), np.void(person.reference_sha256)
        row["apart"], row["alike"] = UNKNOWN_APART, UNKNOWN_ALIKE
    return rows


def _by_key(parts: list[NDArray[np.void]]) -> dict[bytes, np.void]:
    """Prints by their photographs; where several were made of the same ones, the first in the order of their bytes."""
    found: dict[bytes, np.void] = {}
    for rows in parts:
        for row in rows:
            key = row["selfie"].tobytes() + row["reference"].tobytes()
            if key not in found or row.tobytes() < found[key].tobytes():
                found[key] = row
    return found


def _look_again(run: Plan, people: Sequence[Verified], model: str) -> None:
    """Makes and keeps the missing prints of photographs."""
    from pipeline.selfie.look import prints_of as look

    log = print_folder(run).log_of_this_process(model)
    report = progress.reporter("compare_people: photographs")
    pairs = [PhotoPair(person.selfie, person.reference) for person in people]
    for block in photo_prefetch.at_hand(run.store, run.wave, pairs):
        seen = look(
            block.pairs,
            selfies=block.selfies,
            photos=block.photos,
            model=model,
            workers=settings().selfie.workers or processes.cores(),
            progress=block.progress(report),
            limits=run.settings.photos,
        )
        for prints in seen:
            log.put([one for one in prints if one is not None])


def only_of(run: Plan, ids: set[str]) -> None:
    """Keeps the prints of these applications of the run and deletes all others."""
    people = [person for person in verified(run) if person.registration_id in ids]
    folder = print_folder(run)
    keys = {person.key for person in people}
    kept = [row for key, row in _by_key(folder.read(run.selfie_policy().model)).items() if key in keys]
    folder.remove()
    if kept:
        folder.log_of_this_process(run.selfie_policy().model).put_rows(np.array(kept, kept[0].dtype))
