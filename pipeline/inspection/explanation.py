"""Everything about one application: what it was compared with, every rule, the draw, the selfie, the decision.

Reads a finished wave's outputs, and what is left of its work folder and extracts; writes nothing. Numbers, names and
dates of birth are masked: enough to see whether two agree, never enough to learn one.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from pipeline.domain import reasons
from pipeline.domain.calendar import Wave
from pipeline.domain.errors import UnknownApplicationError
from pipeline.domain.reasons import DEFECTS
from pipeline.ingest.extracts import Extract
from pipeline.screening.compare import Compared, compare
from pipeline.screening.rulebook import all_rules
from pipeline.storage import files
from pipeline.storage.paths import Store, revision_number

Row = dict[str, Any]
#: With one of these reasons the registers could not be used.
_NOT_ASKED = {"nik_malformed", "nik_unknown"}
#: Asked only about applications without another reason.
_LAST = {"kk_limit", "shared_nik"}


@dataclass(frozen=True)
class Field:
    """One line of the comparison, masked; ``same`` is None where there is nothing to agree with."""

    name: str
    applied: Any
    registered: Any = None
    same: bool | None = None


@dataclass(frozen=True)
class RuleVerdict:
    """A rule in force and what it said: ``holds``, ``clear`` or ``not_asked``."""

    code: str
    layer: str
    verdict: str
    source: str


@dataclass(frozen=True)
class Published:
    """The newest published revision, the rank in it, why the last screening took the person out, if it did, what it
    decided then, and whether an officer did (None: that is not known); the revision before, if it gave a place that
    this one takes back, and the e-mail of the revision's own letter by language, if it wrote the person one."""

    revision: int
    decree: str
    rank: int | None
    removed_for: list[str] | None
    decided: str | None
    reviewed: bool | None
    withdrawn_from: int | None = None
    letter: dict[str, str] | None = None


@dataclass(frozen=True)
class Explanation:
    """Everything that is known of one application; ``fields`` is None where its data is no longer kept.

    ``redelivered``: extracts that are no longer what the run read; the comparison may show other data than decided.
    """

    wave: Wave
    decision: Row
    fields: list[Field] | None
    registered: bool
    extracts: dict[str, str]
    redelivered: list[str]
    rules: list[RuleVerdict]
    listed: int
    photo: Row | None
    thresholds: Row | None
    published: Published | None
    stands: list[str]  # of a duplicate: the application that is decided about instead


@lru_cache(maxsize=1)
def _words() -> dict[str, dict[str, dict[str, str]]]:
    return tomllib.loads((resources.files("pipeline.inspection") / "explanation.toml").read_text(encoding="utf-8"))


def word(section: str, key: str, language: str, **values: Any) -> str:
    """A text of ``explanation.toml`` with its placeholders filled."""
    return _words()[section][key][language].format_map(values)


def explain(store: Store, number: int, registration_id: str) -> Explanation:
    """Explains one application of a finished wave. Raises UnknownApplicationError."""
    out = store.out(store.calendar().wave(number))
    manifest, record = files.read_json(out / "manifest.json"), files.read_json(out / "draw.json")
    wave = _wave_as_run(manifest)
    decision = _row([out / "decisions.parquet"], registration_id)
    if decision is None:
        sent = _row([p for p in [out / "reuploads.parquet"] if p.is_file()], registration_id)
        hint = f" A new photograph for it was not taken in: {sent['message_en']}" if sent else ""
        raise UnknownApplicationError(f"Wave {number} has no application {registration_id}.{hint}")
    extracts = _extracts(store, manifest)
    compared = compare(store, wave, extracts, registration_id)
    return Explanation(
        wave=wave,
        decision=decision,
        fields=_fields(compared, decision) if compared else None,
        registered=compared is None or compared.person is not None,
        extracts=manifest["extracts"],
        redelivered=_redelivered(store, manifest, extracts) if compared else [],
        rules=_verdicts({rule["code"] for rule in manifest["rules"]}, decision["reasons"]),
        listed=record["priority"] + record["public"],
        photo=_row(sorted((store.work(wave) / "verdicts").glob("*.parquet")), registration_id),
        thresholds=manifest["selfie_policy"],
        published=_published(store, wave, registration_id),
        stands=_counting(out / "decisions.parquet", decision),
    )


def _counting(decisions: Path, decision: Row) -> list[str]:
    """For a duplicate: the person's application that counts; several where the register gives a NIK to several
    people."""
    import pyarrow.compute as pc

    if "duplicate_application" not in decision["reasons"]:
        return []
    same = pc.field("nik") == decision["nik"]
    rows = files.read_table(decisions, ["registration_id", "nik", "reasons"]).filter(same).to_pylist()
    counting = [row for row in rows if "duplicate_application" not in row["reasons"]]
    agreeing = [row for row in counting if "identity_mismatch" not in row["reasons"]]
    return sorted(row["registration_id"] for row in agreeing or counting)


def _published(store: Store, wave: Wave, registration_id: str) -> Published | None:
    revisions = [folder for folder in store.revisions(wave.key) if (folder / "publication.json").is_file()]
    if not revisions:
        return None
    record = files.read_json(revisions[-1] / "publication.json")
    place = _row([revisions[-1] / "cohort.parquet"], registration_id)
    changes = _rows(revisions[-1] / "changes.parquet", registration_id)
    removed = None if place else next((row for row in changes if row["reasons"]), None)
    taken_back = any((row["against"], row["change"]) == ("revision", "removed") for row in changes)
    return Published(
        record["revision"],
        record["decree"],
        place["rank"] if place else None,
        removed["reasons"] if removed else None,
        removed.get("outcome", "rejected") if removed else None,  # revisions of before 0.3.0 do not say it
        removed.get("reviewed") if removed else None,
        revision_number(revisions[-2]) if taken_back else None,
        _letter(revisions[-1] / "notices.parquet", registration_id),
    )


def _letter(notices: Path, registration_id: str) -> dict[str, str] | None:
    """The e-mail of a notice by language; None where there is none, or letters are no longer kept."""
    from pipeline.reports.language.labels import LANGUAGES

    row = _row([notices], registration_id) if notices.is_file() else None
    return {language: row[f"email_{language}"] for language in LANGUAGES} if row else None


def mask_number(number: str | None) -> str:
    """Province and regency of a NIK or KK, four digits; district, birth date, sex and serial are hidden."""
    text = number or ""
    return f"{text[:4]}{'*' * 12}" if len(text) == 16 and text.isdigit() else "*" * len(text)


def mask_name(name: str | None) -> str:
    """The first letter of every word."""
    return " ".join(part[0] + "*" * (len(part) - 1) for part in (name or "").split())


def mask_date(day: date | None) -> str:
    """The year."""
    return f"{day:%Y}-**-**" if day else ""


def _wave_as_run(manifest: Row) -> Wave:
    same = ("quota", "seed", "seed_source", "selfie", "policy", "refill", "priority_share")
    opens, closes = (datetime.fromisoformat(manifest[key]) for key in ("opens", "closes"))
    return Wave(manifest["wave"], opens, closes, **{key: manifest[key] for key in same})


def _extracts(store: Store, manifest: Row) -> dict[str, Extract]:
    """The deliveries that the run used, as far as they are still there."""
    found: dict[str, Extract] = {}
    for name, text in manifest["extracts"].items():
        asof = date.fromisoformat(text)
        folder = store.extract(name) / f"asof={asof}"
        paths = tuple(sorted(folder.glob("*.parquet")))
        if paths:
            found[name] = Extract(name, asof, paths, 0)
    return found


def _redelivered(store: Store, manifest: Row, extracts: dict[str, Extract]) -> list[str]:
    """Extracts with other files than the run read. Only files written since are compared by content: an extract may be
    gigabytes."""
    finished = datetime.fromisoformat(manifest["times"]["finished"]).timestamp()
    read = {entry["file"]: entry for entry in manifest["inputs"]}
    found = []
    for name, extract in extracts.items():
        here = {store.key(path): path for path in extract.files}
        same_files = here.keys() == {key for key in read if key.startswith(f"extracts/{name}/")}
        if not same_files or any(
            path.stat().st_mtime > finished and files.sha256(path) != read[key]["sha256"] for key, path in here.items()
        ):
            found.append(name)
    return found


def _row(paths: list[Path], registration_id: str) -> Row | None:
    """The application's row in any of these files."""
    return next((dict(rows[0]) for path in paths if (rows := _rows(path, registration_id))), None)


def _rows(path: Path, registration_id: str) -> list[Row]:
    """The application's rows in a file."""
    import pyarrow.compute as pc

    return list(files.read_table(path, rows=pc.field("registration_id") == registration_id).to_pylist())


def _verdicts(in_force: set[str], given: list[str]) -> list[RuleVerdict]:
    unasked = bool(_NOT_ASKED & set(given))
    found = []
    for rule in all_rules():
        if rule.code not in in_force:
            continue
        others = rule.code in _LAST and bool(set(given) - {*reasons.codes("selfie"), "shared_nik"})
        not_asked = (rule.register and unasked) or others
        verdict = "holds" if rule.code in given else "not_asked" if not_asked else "clear"
        found.append(RuleVerdict(rule.code, rule.layer, verdict, rule.source))
    return found


def _fields(compared: Compared, decision: Row) -> list[Field]:
    applied, person = compared.application, compared.person or {}
    masks: list[tuple[str, Callable[[Any], str], str]] = [
        ("full_name", mask_name, "same_name"),
        ("birth_date", mask_date, "same_birth_date"),
        ("kk", mask_number, "same_kk"),
    ]
    registered = {**person, "kk": f"{person['kk_number']:016d}" if person.get("kk_number") is not None else None}
    fields = [Field("nik", mask_number(applied["nik"]), mask_number(applied["nik"]) if person else None)]
    for name, mask, same in masks:
        fields.append(Field(name, mask(applied[name]), mask(registered[name]) if person else None, person.get(same)))
    fields += [Field(name, applied[name]) for name in ("submitted_at", "email_verified", "phone_verified")]
    fields.append(Field("same_nik", compared.same_nik))
    if person:
        fields.append(Field("age", None, decision["age"]))
        fields += [Field(name, None, person[name]) for name in ("citizenship", "alive", "occupation", "holders")]
        fields += [Field(name, None, ", ".join(getattr(compared, name)) or False) for name in ("education", "bansos")]
        fields += [Field(name, None, getattr(compared, name)) for name in ("accepted", "blacklisted", "listed")]
    return fields


def scores(photo: Row, thresholds: Row) -> list[tuple[str, float, float]]:
    """Each defect's score with its operating point; unknown scores are left out."""
    points = thresholds["points"]
    return [(name, photo[name], points[name]) for name in DEFECTS if photo.get(name) is not None]
