"""The tasks of a wave, one function each: what Airflow calls. A reference to the run goes in and out, never a row.

Each can be killed and called again: it reads files that the tasks before it finished, and writes its own whole.
``dags/wave_cohort.py`` gives the order of the tasks. A task calls its room, which does the work. Tasks that belong to
no wave are in ``periodic_tasks.py``.
"""

from __future__ import annotations

import shutil
from datetime import datetime

from pipeline.domain.errors import EmptyWaveError, MissingDecreeError, UnknownWaveError
from pipeline.domain.run_ref import FinishedRun, PublishedWave, RunRef, ShardRef
from pipeline.domain.settings import settings
from pipeline.record import log
from pipeline.runtime import progress
from pipeline.storage import files, paths, wave_lock
from pipeline.storage.task_sync import (
    CACHE,
    CUSTODY,
    EARLIER,
    KEPT_PRINTS,
    LANDED,
    PRINTS,
    PUBLICATIONS,
    REFUSED,
    VERDICTS,
    WORK,
    Part,
    moves,
)
from pipeline.wave_run import custody, manifest, plan, recorded
from pipeline.wave_run.custody import keeps_custody
from pipeline.wave_run.plan import Plan
from pipeline.wave_run.run_end import end_of_run
from pipeline.wave_run.selfie_rounds import first_round, forget_rounds, refill_places, verdict_files, verify_part

Counts = dict[str, int]

#: Name of the Airflow asset that a publication updates; ``funnel_report`` runs after it.
PUBLISHED_WAVES = "gelombang_waves"


def hold_wave(data: str, wave: int, run_id: str, *, alone: bool) -> RunRef:
    """Takes the wave for this run; another run of it is refused, whatever started it. ``alone``: in one process."""
    with progress.task("hold_wave"):
        store = paths.Store.at(data)
        holder = wave_lock.Holder.this_process(run_id) if alone else wave_lock.Holder(run_id)
        wave_lock.take(store, store.calendar().wave(wave), holder)
    return RunRef(data, wave, run_id)


def wave_before(ref: RunRef) -> bool:
    """Waits until the wave before is published, so that everybody knows who has a place already."""
    store = paths.Store.at(ref.data)
    try:
        before = store.calendar().wave(ref.wave - 1)
    except UnknownWaveError:
        return True
    store.pull(f"published/{before.key}/", only=PUBLICATIONS.only)
    return bool(store.revisions(before.key))


def prepare(
    ref: RunRef, quota: int | None, seed: str | None, shards: int | None, started_by: str | None = None
) -> RunRef:
    """Resolves what is to be done: the wave, its quota and seed, the extracts it may use; writes ``plan.json``.

    ``started_by``: who started the run; None: the schedule.
    """
    with progress.task("prepare") as counts:
        store = paths.Store.at(ref.data)
        # before another run's work is cleared
        wave_lock.must_hold(store, store.calendar().wave(ref.wave), ref.run_id)
        made = plan.make(ref.data, ref.wave, quota=quota, seed=seed, shards=shards, started_by=started_by)
        custody.state(made, ref.run_id, "prepare", [made.path])
        made.store.push(f"work/{made.wave.key}/", replace=True)
        recorded.prepared(made, ref.run_id)
        counts |= {"quota": made.wave.quota, **{f"{x.name}_asof": str(x.asof) for x in made.extracts.values()}}
    return ref


@moves(*LANDED, *EARLIER)
@keeps_custody
def ingest(ref: RunRef) -> RunRef:
    """Reads the wave's registrations, reviews and re-uploads; hostile rows are counted and set aside."""
    from pipeline.ingest.registrations import ingest_registrations
    from pipeline.ingest.reuploads import ingest_reuploads
    from pipeline.ingest.reviews import ingest_reviews

    run = Plan.load(ref)
    with progress.task("ingest") as counts:
        counts["new_deliveries"] = recorded.deliveries(run, manifest.landed(run))
        taken = ingest_registrations(run.store, run.wave)
        reviews = ingest_reviews(run.store, run.wave, second=run.settings.second_reviewer)
        reuploads = ingest_reuploads(run.store, run.wave)
        counts |= {"registrations": taken.taken_in, "set_aside": taken.set_aside, "ignored_files": taken.ignored}
        counts |= {"repeated_ids": taken.repeated, "quarantined_files": taken.quarantined}
        counts["unreadable_values"] = taken.unreadable_values
        counts |= {"reviews": reviews.taken_in, "reuploads": reuploads.taken_in}
        record = run.work / "ingest.json"
        files.write_json({**files.read_json(record), "reviews": vars(reviews), "reuploads": vars(reuploads)}, record)
        if taken.taken_in + reuploads.taken_in == 0:
            raise EmptyWaveError(f"No registration of wave {run.wave.number} could be read.")
    return ref


@moves(extracts=True)
@keeps_custody
def check_inputs(ref: RunRef) -> RunRef:
    """great_expectations judges registrations and extracts; a bad extract ends the wave here."""
    from checks.inputs import check_inputs as check

    run = Plan.load(ref)
    with progress.task("check_inputs") as counts:
        counts["new_deliveries"] = recorded.deliveries(run, manifest.extracted(run))
        counts |= check(run.store, run.wave, run.extracts, run.settings.checks).counts()
    return ref


@moves(*EARLIER, extracts=True)
@keeps_custody
def screen(ref: RunRef) -> RunRef:
    """Layers 1 to 3 in DuckDB: every reason of every application, in one pass."""
    from pipeline.screening.screen import screen as screen_wave

    run = Plan.load(ref)
    with progress.task("screen") as counts:
        counts |= vars(screen_wave(run.store, run.wave, run.extracts))
    return ref


@moves(*LANDED, extracts=True)
@keeps_custody
def freeze(ref: RunRef) -> RunRef:
    """Of a wave with a beacon: the list of tickets, fixed and published before anybody can know the draw."""
    from pipeline.wave_run.beacon_draw import freeze_list

    run = Plan.load(ref)
    with progress.task("freeze") as counts:
        counts["listed"] = freeze_list(run, datetime.now().astimezone())
    return ref


def await_beacon(ref: RunRef, *, alone: bool) -> bool:
    """Of a wave with a beacon: waits for the round that its seed is made from, and verifies it.

    ``alone``: there is no second try, so BeaconAwaitedError says what is awaited, and the place for it.
    """
    from pipeline.wave_run.beacon_draw import beacon_of

    store = paths.Store.at(ref.data)
    store.pull(ref.plan)
    with progress.task("await_beacon"):
        return beacon_of(Plan.load(ref), must=alone) is not None


@moves()
@keeps_custody
def draw(ref: RunRef) -> list[ShardRef]:
    """The list's hash, the draw, and the selfies of the first round cut into shards."""
    from pipeline.draw.draw import draw as draw_wave
    from pipeline.wave_run.beacon_draw import draw_by_beacon

    run = Plan.load(ref)
    with progress.task("draw") as counts:
        drawn = draw_by_beacon(run) if run.wave.beacon else draw_wave(run.store, run.wave)
        counts |= {k: v for k, v in vars(drawn).items() if not k.endswith("sha256")}
        recorded.drawn(run)
        shards = first_round(run)
        counts["shards"] = len(shards)
    return [ShardRef(ref, run.store.key(path), pairs) for path, pairs in shards]


@moves(
    work=(Part("{plan}"), Part("{shard}"), CUSTODY, CACHE),
    writes=("work/{wave}/verdicts/{name}", "work/{wave}/custody/verify-{stem}.json", REFUSED, VERDICTS, PRINTS),
)
@keeps_custody
def verify(ref: ShardRef) -> Counts:
    """Verifies the selfies of one shard; a verdict reached before is not computed again."""
    run = Plan.load(ref.run)
    shard = run.store.root / ref.shard
    name = f"verify {shard.stem}"
    with progress.task(name) as counts:
        verified = verify_part(run, files.read_table(shard), run.work / "verdicts" / shard.name, name)
        counts |= verified
    return verified


@moves(CACHE, writes=(WORK.prefix, VERDICTS, PRINTS))
@keeps_custody
def refill(ref: RunRef) -> RunRef:
    """With ``refill``: verifies the next in line, round by round, until the places are full or no one is left."""
    run = Plan.load(ref)
    with progress.task("refill") as counts:
        forget_rounds(run)
        counts["rounds"] = refill_places(run)
    return ref


@moves(CACHE, Part(PRINTS), Part(KEPT_PRINTS), writes=(WORK.prefix, VERDICTS, PRINTS, KEPT_PRINTS))
@keeps_custody
def compare_people(ref: RunRef) -> RunRef:
    """Compares every verified selfie with every other and with the accepted of earlier waves.

    Who shares a face or a picture with another number goes to a person; with ``refill`` the next in line come in.
    """
    from pipeline.wave_run.kept_prints import delete_expired
    from pipeline.wave_run.same_person import compare

    run, today = Plan.load(ref), datetime.now().date()
    with progress.task("compare_people") as counts:
        if expired := delete_expired(run.store, today):
            log.note(run.store, "deleted", run.wave.number, {"what": "descriptors", "n": expired})
        counts["expired"] = expired
        found = compare(run, today)
        while refill_places(run):
            found = compare(run, today)
        counts |= vars(found)
    return ref


@moves()
@keeps_custody
def decide(ref: RunRef) -> RunRef:
    """A decision for every application, and the cohort, reserve, rejections and review that follow from them."""
    from pipeline.decision.decide import decide as decide_wave
    from pipeline.decision.photo_retries import write_retries

    run = Plan.load(ref)
    with progress.task("decide") as counts:
        files.fresh(run.work / "out")
        recorded.verified(run, verdict_files(run))
        counts |= vars(decide_wave(run.store, run.wave, verdict_files(run)))
        counts["retries"] = write_retries(run.store, run.wave)
        files.copy(run.work / "reuploads.parquet", run.work / "out" / "reuploads.parquet")
    return ref


@moves(extracts=True)
@keeps_custody
def check_cohort(ref: RunRef) -> RunRef:
    """great_expectations judges the cohort before anybody sees it."""
    from checks.cohort import check_cohort as check

    run = Plan.load(ref)
    with progress.task("check_cohort") as counts:
        counts |= check(run.store, run.wave, run.extracts.get("blacklist")).counts()
    return ref


@moves(*EARLIER, Part("landing/{wave}/truth.parquet"))
@keeps_custody
def report(ref: RunRef) -> RunRef:
    """What people read: the funnel, the report, the spreadsheet, the notices, the approval form."""
    from pipeline.publication.form import approval_form
    from pipeline.reports.figures.funnel_steps import write_funnel
    from pipeline.reports.figures.wave_figures import figures
    from pipeline.reports.messages.notices import write_notices
    from pipeline.reports.noted_release import note_figures
    from pipeline.reports.spreadsheet import write_spreadsheet
    from pipeline.reports.wave_report import write_report

    run = Plan.load(ref)
    with progress.task("report") as counts:
        recorded.earlier_results(run)
        funnel = write_funnel(run.store, run.wave)
        write_notices(run.store, run.wave)
        found = figures(run.store, run.wave)
        write_spreadsheet(run.store, run.wave, found=found)
        write_report(run.store, run.wave, found)
        note_figures(run.store, run.wave, found)
        files.write_text(approval_form(found, settings().language), run.work / "approval.md")
        counts |= funnel["ends"]
    return ref


@moves(*LANDED, *EARLIER, Part("landing/{wave}/beacon.json"), extracts=True)
@keeps_custody
def finish(ref: RunRef) -> FinishedRun:
    """Writes the manifest and puts the finished folder in its place, in one step."""
    run = Plan.load(ref)
    with progress.task("finish") as counts:
        manifest.write(run)
        new = run.store.out(run.wave).with_name(f".{run.wave.key}.new")
        shutil.rmtree(new, ignore_errors=True)
        recorded.finished(run, run.work / "out")
        run.store.commit(files.copy(run.work / "out", new), run.store.out(run.wave), "manifest.json")
        counts["files"] = sum(1 for path in run.store.out(run.wave).rglob("*") if path.is_file())
    cohort = files.sha256(run.store.out(run.wave) / "cohort.parquet")
    form = files.read_text(run.work / "approval.md")
    return FinishedRun(ref, f"{run.store.address}/waves/{run.wave.key}", cohort, form, counts["files"])


@moves(
    *EARLIER,
    Part("waves/{wave}/"),
    Part("landing/{wave}/truth.parquet"),
    CACHE,
    Part(PRINTS),
    Part(KEPT_PRINTS),
    writes=(WORK.prefix, VERDICTS, PRINTS, KEPT_PRINTS),
)
def publish(
    ref: FinishedRun,
    by: str | tuple[str, ...],
    at: str,
    decree: str,
    *,
    at_prompt: bool = False,
    note: str = "",
    removing: int | None = None,
) -> PublishedWave:
    """Screens the approved cohort once more and publishes it with its decree, in one step.

    ``by``: every name of the person who approved, as Airflow or, ``at_prompt``, the operating system has it.
    ``removing``: how many the last screening is known to take out.
    """
    from pipeline.publication.accepted_prints import keep_prints_of_accepted
    from pipeline.publication.approver import Approver, settled
    from pipeline.publication.revision import Approval
    from pipeline.publication.revision import publish as publish_wave

    run = Plan.load(ref.run)
    with progress.task("publish") as counts:
        if not decree.strip():
            raise MissingDecreeError(f"The cohort of wave {run.wave.number} was approved without a decree.")
        names = (by,) if isinstance(by, str) else by
        approver = settled(run, Approver(names, "operating system" if at_prompt else "airflow"), note)
        approval = Approval(names[0], at, decree.strip(), ref.run.run_id, ref.cohort_sha256)
        record = publish_wave(run, approval, datetime.now().astimezone(), approver, removing)
        counts["prints_kept"] = keep_prints_of_accepted(run, record, datetime.now().date())
        counts |= {k: record[k] for k in ("revision", "accepted", "decree")}
        counts |= {k: record["changes"]["run"][k] for k in ("removed", "added")}
    folder = run.store.published(run.wave.key) / f"rev-{record['revision']}"
    return PublishedWave(run.wave.key, f"{run.store.address}/{run.store.key(folder)}", **counts)


def release_wave(ref: RunRef) -> Counts:
    """Gives the wave back, however the run ended."""
    store = paths.Store.at(ref.data)
    with progress.task("release_wave") as counts:
        end_of_run(store, ref)
        released = wave_lock.release(store, store.calendar().wave(ref.wave), ref.run_id)
        counts["released"] = released
    return {"released": released}
