"""Whether a wave is what the record says: record, manifest, work, outputs, and every published revision.

The draw itself is drawn again by ``redraw.py``. Reads everything, writes nothing. Finds what was changed, cut off
or added; it cannot find what was wrong already when it was delivered (docs/explanation/threat-model.md).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.domain.calendar import Wave
from pipeline.domain.errors import KeyLostError, UnreadableFileError, WrongKeyError
from pipeline.inspection.difference import Difference, difference
from pipeline.record import log, verification
from pipeline.storage import files
from pipeline.storage.paths import Store, revision_number
from pipeline.storage.sealed_paths import table_source
from pipeline.wave_run import evidence

#: What the record says of the wave: facts by event, in the record's order.
Noted = defaultdict[str, list[dict[str, Any]]]
_WHO = ("registration_id", "nik", "full_name")
_SHOWN = 5
#: What ``evidence.changed`` says of a file, as a finding.
_HOW = {"missing": "missing", "changed": "altered"}


def integrity(store: Store, wave: Wave) -> list[Difference]:
    """Everything that differs from what was decided, approved and published."""
    store.pull("published/")
    store.pull(f"work/{wave.key}/", keep=True)
    found = [Difference("record", fault) for fault in verification.faults(store, tuple(_seen(store)))]
    noted: Noted = defaultdict(list)
    for entry in log.entries(store, wave.number):
        noted[entry.event].append(entry.facts)
    return [*found, *_made_once(store, wave, noted), *_run(store, wave, noted), *_published(store, wave, noted)]


def _seen(store: Store) -> list[tuple[str, log.Head]]:
    """How far the record went by each publication of any wave."""
    found: list[tuple[str, log.Head]] = []
    for folder in store.wave_folders("published").values():
        for path in sorted(folder.glob("rev-*/publication.json")):
            head = _json(path).get("record")
            if isinstance(head, dict) and head.keys() == {"entries", "sha256"}:
                found.append((store.key(path), log.Head(**head)))
    return found


def _made_once(store: Store, wave: Wave, noted: Noted) -> list[Difference]:
    """Of a wave with a beacon: its commitment and its frozen list are those in the record, and there is one of each."""
    found: list[Difference] = []
    for event in ("opened", "list_frozen") if wave.beacon else ():
        if not noted[event]:
            found.append(difference("record", "no_entry", event=event))
            continue
        first = noted[event][0]
        if len({facts["file_sha256"] for facts in noted[event]}) > 1:
            found.append(difference(first["file"], "made_twice"))
        kept = store.read(first["file"])
        if kept is None or sha256(kept).hexdigest() != first["file_sha256"]:
            found.append(difference(first["file"], "not_recorded"))
    return found


def _run(store: Store, wave: Wave, noted: Noted) -> list[Difference]:
    """The finished run: is its manifest the one in the record, and is every file as the manifest says?"""
    out, work = store.out(wave), store.work(wave)
    manifest = out / "manifest.json"
    said, found = _json(manifest), list[Difference]()
    known = {facts.get("manifest_sha256") for facts in noted["run_finished"]}
    if files.sha256(manifest) not in known:
        found.append(difference("manifest.json", "manifest_unknown"))
    with suppress(KeyLostError, WrongKeyError):  # reported for the record already
        if not evidence.is_signed(store, manifest):
            found.append(difference("manifest.sig", "manifest_unsigned"))
    if "work" not in said:
        return [*found, difference("manifest.json", "no_work")]
    if not (work / "plan.json").is_file():
        return found  # deleted: nothing in it can be changed any more
    altered = evidence.changed(said["work"], work)
    return [*found, *(difference(f"work/{wave.key}/{file}", _HOW[how]) for file, how in altered)]


def _published(store: Store, wave: Wave, noted: Noted) -> list[Difference]:
    found, erased = list[Difference](), evidence.erased(store, wave.number)
    known = {facts["revision"]: facts["publication_sha256"] for facts in noted["published"]}
    folders = {revision_number(path): path for path in store.revisions(wave.key)}
    for revision in sorted(known.keys() - folders.keys()):
        found.append(difference(f"published/{wave.key}/rev-{revision}", "cohort_gone"))
    for revision, folder in sorted(folders.items()):
        name, path = store.key(folder), folder / "publication.json"
        if not path.is_file():
            if noted["run_prepared"]:  # a cohort from before this software has no other file; such a wave is not run
                found.append(difference(name, "nobody_published"))
                found += _bound(store, wave, folder)
            continue
        if files.sha256(path) != known.get(revision):
            found.append(difference(f"{name}/publication.json", "not_published_so"))
        entries = [{"file": file, "sha256": digest} for file, digest in _json(path).get("files", {}).items()]
        gone = evidence.purged(store, wave.number, folder)
        altered = evidence.changed(entries, folder, erased, gone)
        found += [difference(f"{name}/{file}", _HOW[how]) for file, how in altered]
        if not _of_another_run(store, wave, path, noted):
            found += _bound(store, wave, folder)
    return found


def _of_another_run(store: Store, wave: Wave, publication: Path, noted: Noted) -> bool:
    """Whether the record knows two runs: the one that this revision was approved from, and the one that lies there.

    Then the approved cohort was replaced by a later run's, whose people are others.
    """
    finished = {facts["cohort_sha256"] for facts in noted["run_finished"]}
    approval = _json(publication).get("approval")
    approved = approval.get("cohort_sha256") if isinstance(approval, dict) else None
    current = files.sha256(store.out(wave) / "cohort.parquet")
    return approved in finished - {current} and current in finished


def _bound(store: Store, wave: Wave, folder: Path) -> list[Difference]:
    """Every published person is, with number and name, in the approved cohort or, with refill, in the reserve."""
    name, out = store.key(folder / "cohort.parquet"), store.out(wave)
    unknown = _people(folder / "cohort.parquet") - _people(out / "cohort.parquet")
    if wave.refill and unknown:  # only those: a reserve may have millions
        unknown -= _people(out / "reserve.parquet", [id_ for id_, _, _ in unknown])
    strangers = sorted(unknown.elements())
    found = [difference(name, "stranger", who=id_) for id_, _, _ in strangers]
    if len(found) > _SHOWN:
        more = difference(name, "more_strangers", n=len(found) - _SHOWN)
        return [*found[:_SHOWN], more]
    return found


def _people(path: Path, ids: list[str] | None = None) -> Counter[tuple[str, str, str]]:
    """The people in a table; ``ids``: of these registrations only."""
    only = None if ids is None else pc.field("registration_id").isin(ids)
    try:
        with table_source(path) as source:
            table = pq.read_table(source, columns=list(_WHO), partitioning=None, filters=only)
    except (pa.ArrowInvalid, OSError, KeyError) as e:
        raise UnreadableFileError(f"{path} cannot be read as Parquet: {e}.") from e
    return Counter(zip(*(table[column].to_pylist() for column in _WHO), strict=True))


def _json(path: Path) -> dict[str, Any]:
    try:
        return dict(files.read_json(path))
    except (UnreadableFileError, ValueError, TypeError):
        return {}
