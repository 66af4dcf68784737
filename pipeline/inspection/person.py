"""One person's applications over all waves, and all that is held about them. Reads only. No error contains a NIK.

``find`` is for a helpdesk, so its answer is masked. ``held_about`` is for the person (UU PDP art. 5 to 7): everything,
as it is kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.domain.contracts import INGESTED
from pipeline.domain.errors import BadSettingError
from pipeline.domain.short_code import SQL as SHORT_CODE
from pipeline.domain.short_code import as_code, short_code
from pipeline.inspection.explanation import mask_name, mask_number
from pipeline.record import log
from pipeline.storage import duckdb_sql, files
from pipeline.storage.paths import Store
from pipeline.storage.sealed_paths import can_be_opened

Row = dict[str, Any]
_NIK = re.compile(r"\d{16}")
_PHONE = re.compile(r"(?:\+?62|0)?(8\d{7,12})")
#: A list has no more applications than this.
LIMIT = 100


@dataclass(frozen=True)
class Application:
    """An application as a helpdesk may see it."""

    wave: int
    registration_id: str
    code: str
    name: str
    nik: str
    outcome: str


@dataclass(frozen=True)
class Asked:
    """The text that was typed, and its kind: ``nik``, ``phone``, a letter's ``code``, or ``text`` (name, part of
    id)."""

    kind: str
    value: str


def asked(text: str) -> Asked:
    """Reads the typed text: sixteen digits, a mobile number in any form, a code, else a name or part of an id.
    Raises BadSettingError where nothing was typed: every application has that in its name."""
    plain = " ".join(text.split())
    if not plain:
        raise BadSettingError(
            "Nothing was typed.", "Type a NIK, a phone number, a letter's code, a name or part of an id."
        )
    digits = re.sub(r"[\s.\-()]", "", plain)
    if _NIK.fullmatch(digits):
        return Asked("nik", digits)
    if phone := _PHONE.fullmatch(digits):
        return Asked("phone", phone[1])
    if code := as_code(plain):
        return Asked("code", code)
    return Asked("text", plain)


#: By kind: the condition, with one placeholder for the value. ``d`` are decisions, ``r`` registrations.
_CONDITIONS = {
    "nik": "coalesce(r.nik, d.nik) = ?",
    "phone": r"regexp_extract(regexp_replace(r.phone, '[^0-9]', '', 'g'), '^(?:62|0)?(8[0-9]{7,12})$', 1) = ?",
    "code": f"{SHORT_CODE.format(wave='{wave}', id='d.registration_id')} = ?",
    "text": "contains(lower(d.registration_id), lower(?1)) OR contains(lower(r.full_name), lower(?1))",
}


def find(store: Store, what: Asked, waves: Iterable[int] | None = None) -> list[Application]:
    """Applications of finished waves, the newest wave first; one more than LIMIT tells that there are more."""
    found: list[Application] = []
    for number, folder in sorted(store.wave_folders("waves").items(), reverse=True):
        if (waves is not None and number not in waves) or not can_be_opened(folder / "decisions.parquet"):
            continue
        condition = _CONDITIONS[what.kind].replace("{wave}", str(number))
        query = f"""SELECT d.registration_id, r.full_name, coalesce(r.nik, d.nik), d.outcome
                    FROM {_read(folder / "decisions.parquet")} d
                    LEFT JOIN {_applied(store, folder.name)} r USING (registration_id)
                    WHERE {condition} ORDER BY d.registration_id LIMIT {LIMIT + 1 - len(found)}"""
        with duckdb_sql.connect_to_read() as db:
            for id_, name, nik, outcome in db.execute(query, [what.value]).fetchall():
                code = short_code(number, id_)
                found.append(Application(number, id_, code, mask_name(name), mask_number(nik), outcome))
        if len(found) > LIMIT:
            break
    return found


def held_about(store: Store, nik: str) -> dict[str, Any]:
    """Everything that is stored about one person: applications, decisions, letters, registers, and who looked."""
    waves = [_of_wave(store, number, nik) for number in store.wave_numbers("work", "waves", "published")]
    applied = [wave for wave in waves if any(wave[part] for part in wave if part != "wave")]
    ids = {row["registration_id"] for wave in applied for part, rows in wave.items() if part != "wave" for row in rows}
    looked = [e for e in log.entries(store, None, "looked_up") if ids & set(_ids(e.facts.get("registration_id", "")))]
    registers = {
        path.name: _rows(sorted(max(days).glob("*.parquet")), "nik", [nik])
        for path in sorted((store.root / "extracts").iterdir())
        if path.is_dir() and (days := sorted(path.glob("asof=*")))
    }
    return {
        "nik": nik,
        "waves": applied,
        "registers": {name: rows for name, rows in registers.items() if rows},
        "looked_up": [{"at": e.at, "by": e.by, "wave": e.wave, "why": e.facts.get("why", "")} for e in looked],
    }


def _of_wave(store: Store, number: int, nik: str) -> dict[str, Any]:
    """What one wave holds: by NIK where a table has it, else by the ids of the applications."""
    key = f"wave-{number:04d}"
    work, out = store.root / "work" / key, store.root / "waves" / key
    newest = store.revisions(key)[-1:]
    applied = _rows([work / "registrations.parquet"], "nik", [nik])
    decided = _rows([out / "decisions.parquet"], "nik", [nik])
    ids = sorted({row["registration_id"] for row in [*applied, *decided]})
    by_id = {
        "photographs_measured": sorted((work / "verdicts").glob("*.parquet")),
        "reviews": [work / "reviews.parquet"],
        "letters": [out / "notices.parquet"],
        "last_screening": [folder / "changes.parquet" for folder in newest],
        "letters_after_publication": [folder / "notices.parquet" for folder in newest],
    }
    return {
        "wave": number,
        "applications": applied,
        "decisions": decided,
        **{name: _rows(paths, "registration_id", ids) for name, paths in by_id.items()},
        "published": _rows([folder / "cohort.parquet" for folder in newest], "nik", [nik]),
        "place_kept_after_the_key_was_destroyed": _rows([store.places(key)], "nik", [nik]),
        "objections": _objections(store, key, ids),
    }


def _objections(store: Store, key: str, ids: list[str]) -> list[Row]:
    """The objections to decisions about these applications, with what was decided and the place of their evidence."""
    found: list[Row] = []
    for path in sorted((store.root / "landing" / key / "objections").glob("*/objection.json")):
        one = files.read_json(path)
        if one["registration_id"] in ids:
            decided = path.with_name("decision.json")
            found.append({**one, "decided": files.read_json(decided) if decided.is_file() else None})
    return found


def _rows(paths: list[Path], column: str, values: list[str]) -> list[Row]:
    there = [path for path in paths if can_be_opened(path)]
    if not there or not values:
        return []
    with duckdb_sql.connect_to_read() as db:
        paths_ = duckdb_sql.path_list(there)
        query = f"SELECT * FROM read_parquet({paths_}, union_by_name = true) WHERE list_contains(?, {column}::VARCHAR)"
        rows = db.execute(query, [values])
        names = [column[0] for column in rows.description or ()]
        return [dict(zip(names, row, strict=True)) for row in rows.fetchall()]


def _read(path: Path) -> str:
    return f"read_parquet('{duckdb_sql.quoted(path)}')"


def _applied(store: Store, key: str) -> str:
    path = store.root / "work" / key / "registrations.parquet"
    return _read(path) if can_be_opened(path) else f"({duckdb_sql.empty_query(INGESTED)})"


def _ids(text: str) -> Iterator[str]:
    return (part.strip() for part in text.split(","))
