"""Selfies of one run: cut into shards, or verified round after round of a refill; judged by the wave's policy.

Reads ``drawn.parquet``; writes ``shards/*.parquet`` and ``verdicts/*.parquet``. What a photograph *is* comes from
``selfie/``.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.domain import contracts, reasons
from pipeline.domain.contracts.values import CARD_FINDINGS
from pipeline.domain.settings import settings
from pipeline.draw.verdicts import SAME_PERSON
from pipeline.runtime import processes, progress
from pipeline.storage import files, task_sync
from pipeline.wave_run import erased_selfies, photo_prefetch, refused_lines
from pipeline.wave_run.plan import Plan

if TYPE_CHECKING:
    from pipeline.selfie.one_against_all.prints import PrintFolder
    from pipeline.selfie.verdict import Verdict

_CARD = tuple(column.name for column in CARD_FINDINGS)
_HASHES = ("selfie_sha256", "reference_sha256")


def first_round(run: Plan) -> list[tuple[Path, int]]:
    """Cuts the selfies that the draw wants verified into shards, in draw order; returns each file and its pairs."""
    folder = files.fresh(run.work / "shards")
    files.fresh(run.work / "verdicts")
    todo = _numbered(run, _in_draw_order(run, pc.field("to_verify")))
    wanted = settings()
    worth = todo.num_rows // wanted.selfie.shard_at_least
    size = max(1, -(-todo.num_rows // (run.shards or max(1, min(wanted.shards, worth)))))
    shards = []
    for number, start in enumerate(range(0, todo.num_rows, size)):
        part = todo.slice(start, size)
        path = folder / f"shard-{number:04d}.parquet"
        files.write_table(part, path, part.schema)
        shards.append((path, part.num_rows))
    return shards


def verdict_files(run: Plan) -> list[Path]:
    """Every verdict file of the run, in a fixed order."""
    return sorted((run.work / "verdicts").glob("*.parquet"))


def print_folder(run: Plan) -> PrintFolder:
    """The path of the prints of this wave's selfies until its run ends."""
    from pipeline.selfie.one_against_all.prints import PrintFolder

    return PrintFolder(run.store.root / task_sync.PRINTS.format(wave=run.wave.key), run.store.root, run.wave.key)


def forget_rounds(run: Plan) -> None:
    """Removes what refilling and comparing made before, for a task that is repeated."""
    for path in (run.work / "verdicts").glob("round-*.parquet"):
        path.unlink()
    (run.work / SAME_PERSON).unlink(missing_ok=True)


def refill_places(run: Plan) -> int:
    """With ``refill``: verifies the next in line until the places are full or no one is left; returns the rounds.

    Rounds made before stay. A person who was found to share a face since then leaves a place that is filled now.
    """
    from pipeline.draw.draw import next_round

    before = rounds = len(list((run.work / "verdicts").glob("round-*.parquet")))
    while run.wave.refill and run.wave.selfie == "after_draw":
        ids = next_round(run.store, run.wave, verdict_files(run))
        if not ids:
            break
        rounds += 1
        part = _numbered(run, _in_draw_order(run, pc.field("registration_id").isin(pa.array(ids))))
        verify_part(run, part, run.work / "verdicts" / f"round-{rounds:04d}.parquet", "refill")
    return rounds - before


def _in_draw_order(run: Plan, which: pc.Expression) -> pa.Table:
    """Some of the draw (contract SHARD), from the least position on."""
    drawn = files.read_table(run.work / "drawn.parquet", [*contracts.SHARD.names, "to_verify", "position"])
    return drawn.filter(which).sort_by("position").select(contracts.SHARD.names)


def _numbered(run: Plan, part: pa.Table) -> pa.Table:
    """The part (contract SHARD) with the applicants' numbers, where the wave looks at cards (SHARD_NUMBERED)."""
    if run.wave.card == "off":
        return part.select(contracts.SHARD.names).cast(contracts.SHARD)
    screened = files.read_table(run.work / "screened.parquet", ["registration_id", "nik"])
    places = pc.index_in(part["registration_id"], value_set=screened["registration_id"].combine_chunks())
    return part.append_column("nik", screened["nik"].take(places)).cast(contracts.SHARD_NUMBERED)


def verify_part(run: Plan, part: pa.Table, out: Path, name: str) -> dict[str, int]:
    """Verifies the pairs of a table (contract SHARD, SHARD_NUMBERED) and writes their verdicts; a verdict is kept."""
    from pipeline.selfie.cache import VerdictFolder
    from pipeline.selfie.policy import judge
    from pipeline.selfie.verdict import PhotoPair
    from pipeline.selfie.verify import verify_pairs

    policy = run.selfie_policy()
    names = [name for name in ("selfie", "reference", "nik") if name in part.column_names]
    pairs = [PhotoPair(*pair) for pair in zip(*(part[name].to_pylist() for name in names), strict=True)]
    report = progress.reporter(name)
    verdicts: list[Verdict] = []
    kept = VerdictFolder(run.store.root / task_sync.VERDICTS, run.store.root, run.wave.key)
    refused: set[str] = set()
    for block in photo_prefetch.at_hand(run.store, run.wave, pairs):
        verdicts += verify_pairs(
            block.pairs,
            selfies=block.selfies,
            photos=block.photos,
            policy=policy,
            cache=kept,
            refused=refused,
            limits=run.settings.photos,
            workers=settings().selfie.workers or processes.cores(),
            progress=block.progress(report),
            prints=print_folder(run) if run.wave.same_person == "check" else None,
            cards=run.wave.card == "check",
        )
    outcomes = [judge(verdict, policy, run.wave.policy) for verdict in verdicts]
    columns: dict[str, Any] = {
        "registration_id": part["registration_id"],
        "outcome": [o.outcome for o in outcomes],
        "reasons": [list(o.reasons) for o in outcomes],
        "warnings": [list(o.warnings) for o in outcomes],
        **{
            name: [getattr(v, name) for v in verdicts]
            for name in ("decision", "similarity", *reasons.DEFECTS, "faces", *_CARD, *_HASHES)
        },
    }
    table = erased_selfies.as_decided(run, pa.table(columns, schema=contracts.VERDICTS).sort_by("registration_id"))
    files.write_table(table, out, contracts.VERDICTS)
    counts = {"photographs": len(pairs), "passed": sum(o.outcome == "passed" for o in outcomes)}
    return {**counts, "refused_lines": refused_lines.add(run, out.stem, refused)} if refused else counts
