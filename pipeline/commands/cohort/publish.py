"""`gelombang publish`: the approval of Airflow's page, for a person at a prompt."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from pipeline import periodic_tasks, stages
from pipeline.commands.common.console import say
from pipeline.commands.common.number_options import whole
from pipeline.commands.common.options import DataOption, LanguageOption, WaveArgument, finished, language_of
from pipeline.domain.errors import WaveNotRunError
from pipeline.domain.run_ref import FinishedRun, RunRef
from pipeline.reports.language.labels import translator
from pipeline.reports.wave_states import published_as
from pipeline.runtime.system_user import user_name
from pipeline.storage import files, wave_lock


def publish(
    wave: WaveArgument,
    *,
    decree: Annotated[str, typer.Option(help="Number of the decree that publishes the cohort.")],
    note: Annotated[str, typer.Option(help="A note for the publication's record: an office, a reason.")] = "",
    removing: Annotated[
        int | None, whole("How many places are taken away, where it asked for the number.", least=0)
    ] = None,
    data: DataOption = None,
    language: LanguageOption = None,
) -> None:
    """Publish a finished wave's cohort, after a last screening on the newest extracts.

    Who approves is the account at this prompt: one of GELOMBANG_APPROVERS, and not the one that started the run.

    Example: gelombang publish 12 --decree "SK 1/2021"
    """
    t = translator(language_of(language))
    store, found, folder = finished(data, wave)
    plan = store.work(found) / "plan.json"
    store.pull(store.key(plan))
    if not plan.is_file():
        raise WaveNotRunError(f"What wave {wave} was decided on is no longer below {store.work(found)}.")
    with wave_lock.held(store, found, "gelombang publish") as name:
        ref = RunRef(store.address, wave, name)
        run = FinishedRun(ref, store.key(folder), files.sha256(folder / "cohort.parquet"), form="", files=0)
        at = datetime.now().astimezone().isoformat(timespec="seconds")
        done = stages.publish(run, user_name(), at, decree, at_prompt=True, note=note, removing=removing)
    counts = {"accepted": done.accepted, "removed": done.removed, "added": done.added}
    say(t("publish.done", wave=str(wave), revision=str(done.revision), where=done.published, **counts))
    revision = store.published(found.key) / f"rev-{done.revision}"
    said = files.read_json(revision / "publication.json")
    if waiting := published_as(said, revision).waiting:
        say(t("publish.waiting", n=waiting, wave=str(wave)))
    if against := said["changes"].get("revision"):
        before = str(done.revision - 1)
        say(t("publish.against_before", before=before, removed=against["removed"], added=against["added"]))
    record = said["approver"]
    if not record["on_list"]:
        say(t("publish.no_approvers", name=record["name"]))
    if record["one_person"]:
        say(t("publish.one_person", name=record["one_person"]))
    periodic_tasks.overview(store.address)
