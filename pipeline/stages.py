"""The tasks of a wave, one function each: what Airflow calls, with paths and counts in and out and never a row.

Each can be killed and called again: it reads files that the tasks before it finished, and writes its own whole. The
order is the DAG's business (``dags/wave_cohort.py``); what a task *does* is its room's.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline import contracts, manifest, plan, progress, store
from pipeline.errors import EmptyWaveError
from pipeline.plan import Plan
from pipeline.settings import settings

Counts = dict[str, Any]

#: Name of the Airflow asset that a finished wave updates; ``funnel_report`` runs after it.
FINISHED_WAVES = "gelombang_waves"


def prepare(data: str, wave: int, quota: int | None, seed: str | None, shards: int | None) -> Counts:
    """Resolves what is to be done: the wave, its quota and seed, the extracts it may use; writes ``plan.json``."""
    with progress.task("prepare") as counts:
        made = plan.make(data, wave, quota=quota, seed=seed, shards=shards or settings().shards)
        counts |= {"quota": made.wave.quota, **{f"{x.name}_asof": str(x.asof) for x in made.extracts.values()}}
    return {"data": data, "wave": wave, "plan": str(made.path)}


def ingest(job: Counts) -> Counts:
    """Reads the wave's registrations, reviews and re-uploads; hostile rows are counted and set aside."""
    from pipeline.ingest.registrations import ingest_registrations
    from pipeline.ingest.reuploads import ingest_reuploads
    from pipeline.ingest.reviews import ingest_reviews

    run = Plan.load(job)
    with progress.task("ingest") as counts:
        taken = ingest_registrations(run.store, run.wave)
        reviews, reuploads = ingest_reviews(run.store, run.wave), ingest_reuploads(run.store, run.wave)
        counts |= {"registrations": taken.taken_in, "set_aside": taken.set_aside}
        counts |= {"reviews": reviews.taken_in, "reuploads": reuploads.taken_in}
        if taken.taken_in + reuploads.taken_in == 0:
            raise EmptyWaveError(f"No registration of wave {run.wave.number} could be read.")
    return job


def check_inputs(job: Counts) -> Counts:
    """great_expectations judges registrations and extracts; a bad extract ends the wave here."""
    from checks.inputs import check_inputs as check

    run = Plan.load(job)
    with progress.task("check_inputs") as counts:
        counts |= check(run.store, run.wave, run.extracts).counts()
    return job


def screen(job: Counts) -> Counts:
    """Layers 1 to 3 in DuckDB: every reason of every application, in one pass."""
    from pipeline.screening.screen import screen as screen_wave

    run = Plan.load(job)
    with progress.task("screen") as counts:
        counts |= vars(screen_wave(run.store, run.wave, run.extracts))
    return job


def draw(job: Counts) -> list[Counts]:
    """The list's hash, the draw, and the selfies of the first round cut into shards: one dict per shard."""
    from pipeline.draw import draw as draw_wave

    run = Plan.load(job)
    with progress.task("draw") as counts:
        drawn = draw_wave(run.store, run.wave)
        counts |= {k: v for k, v in vars(drawn).items() if not k.endswith("sha256")}
        folder = store.fresh(run.work / "shards")
        store.fresh(run.work / "verdicts")
        table = store.read_table(run.work / "drawn.parquet", ["registration_id", "selfie", "reference", "to_verify"])
        todo = table.filter(pc.field("to_verify")).drop_columns("to_verify")
        size = -(-todo.num_rows // run.shards) if todo.num_rows else 0
        jobs: list[Counts] = []
        for number in range(run.shards if size else 0):
            part = todo.slice(number * size, size)
            if part.num_rows == 0:
                break
            path = folder / f"shard-{number:04d}.parquet"
            store.write_table(part, path, contracts.SHARD)
            jobs.append({**job, "shard": str(path), "photographs": part.num_rows})
        counts["shards"] = len(jobs)
    return jobs


def verify(job: Counts) -> Counts:
    """Verifies the selfies of one shard; a verdict reached before is not computed again."""
    run, shard = Plan.load(job), Path(job["shard"])
    name = f"verify {shard.stem}"
    with progress.task(name) as counts:
        counts |= _verify(run, store.read_table(shard), run.work / "verdicts" / shard.name, name)
    return {**job, **counts}


def refill(job: Counts) -> Counts:
    """With ``refill``: verifies the next in line, round by round, until the places are full or nobody is left."""
    from pipeline.draw import next_round

    run = Plan.load(job)
    with progress.task("refill") as counts:
        counts["rounds"] = 0
        for path in (run.work / "verdicts").glob("round-*.parquet"):
            path.unlink()
        while run.wave.refill and run.wave.selfie == "after_draw":
            ids = next_round(run.store, run.wave, verdict_files(run))
            if not ids:
                break
            counts["rounds"] += 1
            drawn = store.read_table(run.work / "drawn.parquet", contracts.SHARD.names)
            part = drawn.filter(pc.field("registration_id").isin(pa.array(ids)))
            _verify(run, part, run.work / "verdicts" / f"round-{counts['rounds']:04d}.parquet", "refill")
    return job


def decide(job: Counts) -> Counts:
    """A decision for every application, and the cohort, reserve, rejections and review that follow from them."""
    from pipeline.decide import decide as decide_wave
    from pipeline.retries import write_retries

    run = Plan.load(job)
    with progress.task("decide") as counts:
        store.fresh(run.work / "out")
        counts |= vars(decide_wave(run.store, run.wave, verdict_files(run)))
        counts["retries"] = write_retries(run.store, run.wave)
        shutil.copyfile(run.work / "reuploads.parquet", run.work / "out" / "reuploads.parquet")
    return job


def check_cohort(job: Counts) -> Counts:
    """great_expectations judges the cohort before anybody sees it."""
    from checks.cohort import check_cohort as check

    run = Plan.load(job)
    with progress.task("check_cohort") as counts:
        counts |= check(run.store, run.wave, run.extracts.get("blacklist")).counts()
    return job


def report(job: Counts) -> Counts:
    """What people read: the funnel, the report, the spreadsheet, the notices."""
    from pipeline.reports.funnel import write_funnel
    from pipeline.reports.notices import write_notices
    from pipeline.reports.spreadsheet import write_spreadsheet
    from pipeline.reports.wave_report import write_report

    run = Plan.load(job)
    with progress.task("report") as counts:
        funnel = write_funnel(run.store, run.wave)
        write_notices(run.store, run.wave)
        write_spreadsheet(run.store, run.wave)
        write_report(run.store, run.wave)
        counts |= funnel["ends"]
    return job


def finish(job: Counts) -> Counts:
    """Writes the manifest and puts the finished folder in its place, in one step."""
    run = Plan.load(job)
    with progress.task("finish") as counts:
        manifest.write(run)
        new = run.store.out(run.wave).with_name(f".{run.wave.key}.new")
        shutil.rmtree(new, ignore_errors=True)
        shutil.copytree(run.work / "out", new)
        store.install(new, run.store.out(run.wave))
        counts["files"] = sum(1 for path in run.store.out(run.wave).rglob("*") if path.is_file())
    return {"waves": str(run.store.out(run.wave)), **counts}


def overview(data: str) -> Counts:
    """Puts all finished waves side by side: ``waves/overview.html``."""
    from pipeline.reports.overview import write_overview

    with progress.task("overview") as counts:
        where = store.Store.at(data)
        path = write_overview(where)
        counts["waves"] = sum(1 for _ in (where.root / "waves").glob("wave-*"))
    return {"overview": str(path), **counts}


def verdict_files(run: Plan) -> list[Path]:
    """Every verdict file of the run, in a fixed order."""
    return sorted((run.work / "verdicts").glob("*.parquet"))


def _verify(run: Plan, part: pa.Table, out: Path, name: str) -> Counts:
    from pipeline.selfie.policy import judge
    from pipeline.selfie.verify import PhotoPair, verify_pairs

    policy = run.selfie_policy()
    pairs = [PhotoPair(*pair) for pair in zip(part["selfie"].to_pylist(), part["reference"].to_pylist(), strict=True)]
    verdicts = verify_pairs(
        pairs,
        selfies=run.store.landing(run.wave, "selfies"),
        photos=run.store.extract("photos"),
        policy=policy,
        cache=run.store.root / "work" / "verdict-cache",
        workers=settings().selfie.workers or store.cores(),
        progress=progress.reporter(name),
    )
    outcomes = [judge(verdict, policy, run.wave.policy) for verdict in verdicts]
    columns: dict[str, Any] = {
        "registration_id": part["registration_id"],
        "outcome": [o.outcome for o in outcomes],
        "reasons": [list(o.reasons) for o in outcomes],
        "warnings": [list(o.warnings) for o in outcomes],
        **{
            name: [getattr(v, name) for v in verdicts]
            for name in ("decision", "similarity", *contracts.DEFECTS, "faces")
        },
    }
    table = pa.table(columns, schema=contracts.VERDICTS).sort_by("registration_id")
    store.write_table(table, out, contracts.VERDICTS)
    return {"photographs": len(pairs), "passed": sum(o.outcome == "passed" for o in outcomes)}
