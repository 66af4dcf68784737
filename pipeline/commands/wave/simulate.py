"""`gelombang simulate`: a wave of people who do not exist, on disk exactly as the contracts say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.commands.common.console import say
from pipeline.commands.common.number_options import whole
from pipeline.commands.common.options import LanguageOption, language_of, wave_option
from pipeline.domain.calendar import Calendar, Wave
from pipeline.domain.calendar_tables import SelfieMode
from pipeline.domain.errors import BadQuotaError, BadSettingError
from pipeline.record import log
from pipeline.reports.language.labels import Translate, translator
from pipeline.runtime import progress, resource_usage
from pipeline.runtime.processes import cores
from pipeline.storage.files import read_text, write_text
from pipeline.storage.paths import Store, project_data

if TYPE_CHECKING:
    from pipeline.simulate.photos.photographs import Rendered
    from pipeline.simulate.presets import SimulationPlan
    from pipeline.simulate.simulated import Simulated
    from pipeline.simulate.wanted_photographs import Rendering


def simulate(
    data: Annotated[Path, typer.Argument(help="Data root to write below; made if it is not there.")],
    *,
    wave: Annotated[int | None, wave_option("Number of the wave. Default: 12, or the preset's.")] = None,
    waves: Annotated[
        str | None, typer.Option(help="A country: consecutive waves with people in common, such as 1-3.")
    ] = None,
    registrations: Annotated[int | None, whole("Applications. Default: the preset's.", least=1)] = None,
    population: Annotated[int | None, whole("People in the register.", least=100)] = None,
    quota: Annotated[int | None, whole("Places. Default: the calendar's in DATA, else the preset's.")] = None,
    seed: Annotated[int, whole("Everything is made from it.")] = 7,
    faces: Annotated[
        Path | None, typer.Option(help="Photographs by person: NNNN_k.jpg or PERSON/*.jpg. Default: packaged ones.")
    ] = None,
    photos: Annotated[
        str,
        typer.Option(help="Whose photographs are delivered: drawn (the quota and a margin), eligible, all or none."),
    ] = "drawn",
    beacon: Annotated[
        bool, typer.Option("--beacon", help="Draw by the demonstration beacon, without a calendar in DATA.")
    ] = False,
    cards: Annotated[
        bool, typer.Option("--cards", help="Look at identity cards, right and wrong ones, without a calendar in DATA.")
    ] = False,
    preset: Annotated[str, typer.Option(help="Sizes and shares: demo, small, wave-1 or national.")] = "demo",
    workers: Annotated[int, whole("Threads, and processes that render; 0: one per core.", least=0)] = 0,
    language: LanguageOption = None,
) -> None:
    """Make a wave of people who do not exist: registrations, extracts, photographs, and what was planted in them.

    With --waves, a country: several consecutive waves. Who was refused applies again or sends a new photograph with the
    next wave, people move and die, and each wave has its own extracts, as of its own dates.

    Examples:

      gelombang simulate data/demo --wave 12

      gelombang simulate data/country --waves 1-3 --preset small

      gelombang simulate data/cards --preset small --cards
    """
    from pipeline.simulate import presets
    from pipeline.simulate.wanted_photographs import PHOTOS, Rendering

    t = translator(language_of(language))
    if photos not in PHOTOS:
        raise BadSettingError(f"--photos {photos} is not known.", f"Choose one of {', '.join(PHOTOS)}.")
    if ":/" in str(data):
        raise BadSettingError(f"{data} is not a folder.", "Simulate into a folder and copy it to the store.")
    table = presets.preset(preset)
    numbers = _numbers(wave or int(table.get("wave", 12)), waves, beacon=beacon)
    rendering = Rendering(photos, faces, workers or cores())
    data.mkdir(parents=True, exist_ok=True)
    store = Store.at(data)
    own = (store.root / "calendar.toml").is_file()
    calendar = store.calendar() if own else Calendar.parse(read_text(project_data() / "calendar.toml"))
    found = [calendar.wave(number) for number in numbers]
    places = [quota if quota is not None else (one.quota if own else int(table["quota"])) for one in found]
    if min(places) < 1:
        raise BadQuotaError(f"A quota of {min(places)} has no places.")
    if not own:
        log.forget(store)  # of a root that lay here before
        mode: SelfieMode = "off" if photos == "none" else "after_draw"
        mine: dict[str, Any] = {"selfie": mode, "card": "check" if cards else "off"}
        found = [
            replace(one, quota=q, **mine, **_drawn_by(seed, beacon=beacon, of_country=one.number if waves else None))
            for one, q in zip(found, places, strict=True)
        ]
    elif beacon and not found[0].beacon:
        raise BadSettingError(
            f"Wave {numbers[0]} has a seed in {data}/calendar.toml.", "Set its `beacon` there instead."
        )
    elif cards and any(one.card == "off" for one in found):
        raise BadSettingError(
            f"{data}/calendar.toml has a wave without cards.", 'Set its `card = "check"` there instead.'
        )
    elif waves and any(one.beacon for one in found):
        raise BadSettingError(_ONLY_SEEDS, "Set a `seed` for each of its waves in calendar.toml.")
    margin, applications = float(table.get("margin", presets.MARGIN)), registrations or int(table["registrations"])
    photographed = sum(
        {"none": 0, "drawn": min(applications, ceil(q * margin))}.get(photos, applications) for q in places
    )
    enough = _enough_faces(faces, photographed)
    if not own:
        found = [replace(one, same_person="check" if enough else "files") for one in found]
        write_text(_calendar(found), store.root / "calendar.toml")
    elif not enough and any(one.same_person == "check" and one.selfie != "off" for one in found):
        say(t("simulate.few_faces"), err=True)
    plans = [
        presets.SimulationPlan(
            wave=one,
            seed=seed,
            registrations=applications,
            population=population or int(table["population"]),
            quota=q,
            shares=table["shares"],
            selfie=table["selfie"] if one.same_person == "check" else {**table["selfie"], "same_person": 0.0},
            card=table["card"],
            narrow=preset == "national",
            margin=margin,
            options={"preset": preset, "seed": seed, "photos": photos, "quota": q},
        )
        for one, q in zip(found, places, strict=True)
    ]
    costs_file = store.root / "work" / f"{found[0].key}.costs.jsonl"
    with resource_usage.recorded(costs_file, store.root / "extracts"):
        if waves:
            _make_country(plans, store, rendering, t)
        else:
            _make_wave(plans[0], store, rendering, t)
    say(t("simulate.written", data=data))


_ONLY_SEEDS = "A country of several waves is drawn by seeds: who comes back hangs on who was placed."


def _numbers(wave: int, waves: str | None, *, beacon: bool) -> list[int]:
    """The waves to simulate. Raises BadSettingError."""
    if waves is None:
        return [wave]
    if beacon:
        raise BadSettingError(_ONLY_SEEDS, "Leave --beacon out.")
    first, _, last = waves.partition("-")
    if not (first.isdigit() and (last or first).isdigit() and 1 <= int(first) <= int(last or first)):
        raise BadSettingError(f"--waves {waves} is no range of waves.", "Write it as 1-3.")
    return list(range(int(first), int(last or first) + 1))


def _make_wave(plan: SimulationPlan, store: Store, rendering: Rendering, t: Translate) -> None:
    """One wave, recorded when it is complete."""
    from pipeline.simulate import unfinished
    from pipeline.simulate.simulated import record

    done, rendered = _make(plan, store, rendering, t)
    record(plan, store, done, rendered)
    unfinished.forget(plan, store)
    _tell(plan, done, int(done.photographs.wanted.sum()), t)


def _make_country(plans: list[SimulationPlan], store: Store, rendering: Rendering, t: Translate) -> None:
    """Several waves of the same people."""
    from pipeline.simulate import country

    country.make_room(plans, store)
    for one in country.simulate_country(plans, store, rendering, partial(_progress, t)):
        _tell(one.plan, one.done, one.photographs, t)
        if one.retries:
            say(t("simulate.retries", n=one.retries))


def _tell(plan: SimulationPlan, done: Simulated, photographs: int, t: Translate) -> None:
    counts = {"registrations": done.registrations, "people": done.people, "eligible": done.expected_eligible}
    wave, quota = str(plan.wave.number), plan.quota
    say(t("simulate.made", wave=wave, quota=quota, photographs=photographs, **counts))


def _drawn_by(seed: int, *, beacon: bool, of_country: int | None) -> dict[str, Any]:
    """Where the randomness of a simulated wave comes from; ``of_country``: its number among several."""
    if beacon:
        return {"beacon": "demonstration", "seed": "", "seed_source": ""}
    text = f"simulated-{seed}" + ("" if of_country is None else f"/{of_country}")
    return {"beacon": "", "seed": text, "seed_source": "gelombang simulate"}


def _enough_faces(faces: Path | None, photographed: int) -> bool:
    """Whether there is a face for everyone who is photographed. With fewer, faces repeat, and a wave that compared them
    would take different people for one: such a wave only looks for files that were sent twice."""
    from pipeline.simulate.photos import face_sources

    if photographed == 0 or len(face_sources.people(faces)) < photographed:
        return photographed == 0
    return len(face_sources.usable_people(faces, photographed)) >= photographed


def _make(plan: SimulationPlan, store: Store, rendering: Rendering, t: Translate) -> tuple[Simulated, Rendered]:
    """The tables, then the photographs; an interrupted simulation of the same wishes goes on where it was."""
    from pipeline.simulate import unfinished, wave
    from pipeline.simulate.photos import photographs
    from pipeline.simulate.wanted_photographs import photograph_jobs

    resumed = unfinished.kept(plan, store, rendering.faces)
    if resumed:
        say(t("simulate.goes_on"), err=True)
    with progress.task("simulate tables") as counts:
        if resumed:
            done = resumed
        else:
            unfinished.forget(plan, store)
            done = wave.simulate_wave(plan, store, rendering.photos, rendering.workers)
            unfinished.keep(plan, store, rendering.faces, done)
        counts |= {"registrations": done.registrations, **done.extracts}
    jobs = photograph_jobs(plan, store, done.photographs)
    if not jobs:
        return done, photographs.Rendered()
    with progress.task("render photographs") as counts:
        tell = _progress(t, len(jobs))
        rendered = photographs.render(
            plan.seed, jobs, rendering.faces, rendering.workers, tell, resumed=resumed is not None
        )
        counts["applications"] = len(jobs)
    return done, rendered


def _progress(t: Translate, total: int) -> Callable[[int], None]:
    """Tells how many photographs are done, every tenth of them."""
    done = 0
    report = progress.reporter("render photographs")

    def tell(more: int) -> None:
        nonlocal done
        before, done = done, done + more
        report(done, total)
        if total and before * 10 // total != done * 10 // total:
            say(t("simulate.photographs", done=done, total=total), err=True)

    return tell


def _calendar(waves: list[Wave]) -> str:
    """A calendar with these waves alone."""
    return "\n".join(["# Written by `gelombang simulate`: nobody in this wave exists.", *map(_wave_table, waves)])


def _wave_table(wave: Wave) -> str:
    drawn_by = f'seed = "{wave.seed}"\nseed_source = "{wave.seed_source}"'
    if wave.beacon:
        drawn_by = f'beacon = "{wave.beacon}"  # everybody can compute it: it proves nothing'
    card = f'card = "{wave.card}"\n' if wave.card != "off" else ""
    return f"""[[wave]]
number = {wave.number}
opens = {wave.opens.isoformat()}
closes = {wave.closes.isoformat()}
quota = {wave.quota}
{drawn_by}
selfie = "{wave.selfie}"
policy = "{wave.policy}"
same_person = "{wave.same_person}"
{card}refill = {str(wave.refill).lower()}
priority_share = {wave.priority_share}
"""
