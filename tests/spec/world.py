"""A tiny country for spec tests: applications, registers and earlier cohorts in memory, judged by the real rooms.

Registrations are written as ingest leaves them and extracts as the contracts have them; then screening, the draw and
the decision run without Airflow, with verdicts that the test gives instead of photographs.
"""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.decision.decide import decide
from pipeline.domain import contracts, reasons
from pipeline.domain.calendar import Calendar, Wave
from pipeline.draw import beacon, frozen_list
from pipeline.draw.draw import draw, next_round
from pipeline.draw.ticket_draw import draw_tickets, seeded
from pipeline.ingest.extracts import resolve_extracts
from pipeline.screening.rulebook import warning_codes
from pipeline.screening.screen import screen
from pipeline.storage import files
from pipeline.storage.files import write_table
from pipeline.storage.paths import Store, project_data
from pipeline.wave_run import manifest, recorded
from pipeline.wave_run.opening import kk_limit
from pipeline.wave_run.plan import Plan

Row = dict[str, Any]
CALENDAR = Calendar.parse((project_data() / "calendar.toml").read_text(encoding="utf-8"))
BORN = date(1990, 5, 15)
#: The key of tickets in waves with a beacon.
KEY = bytes(range(32))
#: All six defects unseen; a test names only what it is about.
VERDICT: Row = {
    "outcome": "passed",
    "reasons": [],
    "warnings": [],
    "decision": "match",
    "similarity": 0.9,
    **dict.fromkeys(reasons.DEFECTS, 0.0),
    "faces": 1,
}


#: Waves that no calendar has, for days on which a rule begins or someone comes of age: number → closing day.
INVENTED = {90: date(2022, 2, 28), 91: date(2022, 3, 1), 92: date(2020, 7, 7), 93: date(2020, 7, 8)}


def wave(number: int, **changes: Any) -> Wave:
    """A wave of the project's own calendar (or an invented one), with what a test wants otherwise."""
    if number in INVENTED:
        closes = datetime.combine(INVENTED[number], time(23, 59, 59))
        return replace(Wave(number, closes - timedelta(days=3), closes, 10, "seed"), **changes)
    return replace(CALENDAR.wave(number), **changes)


def nik(serial: int, born: date = BORN, sex: str = "L", region: str = "317101") -> str:
    """A well-formed NIK: region, birth date with day + 40 for women, serial."""
    day = born.day + (40 if sex == "P" else 0)
    return f"{region}{day:02d}{born.month:02d}{born.year % 100:02d}{serial:04d}"


def kk(serial: int) -> str:
    """A well-formed family card number."""
    return f"317101010110{serial:04d}"


@dataclass
class World:
    """What a test plants; every field of an application or person has a faultless default."""

    root: Path
    applications: list[Row] = field(default_factory=list)
    extracts: dict[str, list[Row]] = field(default_factory=lambda: {name: [] for name in contracts.EXTRACTS})
    verified: list[list[str]] = field(default_factory=list)

    def apply(self, wave: Wave, id_: str, number: str | None, **changes: Any) -> str:
        """An application, inside the wave's window unless the test says otherwise."""
        self.applications.append(
            {
                "registration_id": id_,
                "submitted_at": wave.closes,
                "nik": number,
                "kk": kk(1),
                "full_name": "BUDI SANTOSO",
                "birth_date": BORN,
                "sex": "L",
                "phone": "081200000000",
                "phone_verified": True,
                "email": "budi@example.org",
                "email_verified": True,
                "province_code": "31",
                "selfie": f"{id_}.jpg",
                **changes,
            }
        )
        return id_

    def person(self, number: str, **changes: Any) -> str:
        """A person of the population register."""
        self.extracts["population"].append(
            {
                "nik": number,
                "kk": kk(1),
                "full_name": "BUDI SANTOSO",
                "birth_date": BORN,
                "sex": "L",
                "citizenship": "WNI",
                "alive": True,
                "occupation": "KARYAWAN SWASTA",
                "province_code": "31",
                "photo": f"{number}.jpg",
                **changes,
            }
        )
        return number

    def enter(self, extract: str, number: str, **columns: Any) -> None:
        """A row of any other extract; columns that a test leaves out are null."""
        names = contracts.EXTRACTS[extract].schema.names
        self.extracts[extract].append({**dict.fromkeys(names), "nik": number, **columns})

    def accepted(self, number: str, wave: int = 1, revision: int | None = None) -> None:
        """Someone in the cohort of an earlier wave: published (``revision``) or only run."""
        key = f"wave-{wave:04d}"
        folder = self.root / "waves" / key if revision is None else self.root / "published" / key / f"rev-{revision}"
        path = folder / "cohort.parquet"
        before = files.read_table(path).to_pylist() if path.is_file() else []
        row = {"wave": wave, "rank": len(before) + 1, "registration_id": f"E{len(before)}", "nik": number}
        row |= {"full_name": "BUDI SANTOSO", "province_code": "31", "tier": "public", "draw": "00"}
        write_table(pa.Table.from_pylist([*before, row], schema=contracts.COHORT), path, contracts.COHORT)

    def deliver(self, asof: date, *, numbers: str = "text") -> None:
        """Writes every extract that must be there or has a row, with NIK and KK as ``text`` or ``integer``."""
        for name, rows in self.extracts.items():
            schema = contracts.EXTRACTS[name].schema
            if contracts.EXTRACTS[name].optional and not rows:
                continue
            if numbers == "integer":
                schema = pa.schema([pa.field(f.name, pa.int64()) if f.name in ("nik", "kk") else f for f in schema])
                rows = [{k: int(v) if k in ("nik", "kk") and v else v for k, v in row.items()} for row in rows]
            path = self.root / "extracts" / name / f"asof={asof}" / "part-0.parquet"
            write_table(pa.Table.from_pylist(rows, schema=schema), path, schema)

    def screen(self, wave: Wave, *, deliver: bool = True, numbers: str = "text") -> dict[str, Row]:
        """Layers 1–3; what they say of each application."""
        if deliver:
            self.deliver(wave.closing_day, numbers=numbers)
        where = Store.at(self.root)
        rows = sorted(self.applications, key=lambda row: row["registration_id"])
        for row in rows:
            row |= {"number": digits(row["nik"]), "kk_number": digits(row["kk"])}
        times = Counter(row["registration_id"] for row in rows)
        repeated = [{"registration_id": id_} for id_, n in sorted(times.items()) if n > 1]
        once = [row for row in rows if times[row["registration_id"]] == 1]
        table = pa.Table.from_pylist(once, schema=contracts.INGESTED)
        write_table(table, where.work(wave) / "registrations.parquet", contracts.INGESTED)
        table = pa.Table.from_pylist(repeated, schema=contracts.REPEATED)
        write_table(table, where.work(wave) / "repeated.parquet", contracts.REPEATED)
        screen(where, wave, resolve_extracts(where, wave))
        screened = by_id(where.work(wave) / "screened.parquet")
        for id_, row in screened.items():
            row |= {"draw": sha256(f"{wave.seed}:{id_}".encode()).hexdigest()}
            row |= {"reasons": set_bits(row["mask"], reasons.codes())}
            row |= {"warnings": set_bits(row["warned"], warning_codes())}
        return screened

    def draw(self, wave: Wave) -> dict[str, Row]:
        """The draw of what was screened; everyone eligible, in order."""
        where = Store.at(self.root)
        if wave.beacon:
            frozen_list.freeze(where, wave, KEY, {}, datetime.now())
            chain, round_ = beacon.chain_of(wave), beacon.round_of(wave)
            delivered = beacon.read(wave, beacon.as_delivered(chain, round_))
            draw_tickets(where, wave, frozen_list.read_verified(where, wave), delivered, kk_limit(wave))
            files.write_json({"wave": wave.key}, self.work(wave) / "commitment.json")
        else:
            draw(where, wave)
        return by_id(self.work(wave) / "drawn.parquet")

    def decide(
        self, wave: Wave, verdicts: Mapping[str, Row] | None = None, reviews: Mapping[str, str] | None = None
    ) -> dict[str, Row]:
        """Draws, verifies (whoever has no verdict here passes), refills where the wave does, and decides."""
        drawn, where = self.draw(wave), Store.at(self.root)
        if reviews:
            empty = dict.fromkeys(contracts.REVIEWS.names)
            table = pa.Table.from_pylist(
                [{**empty, "registration_id": i, "decision": d} for i, d in reviews.items()], schema=contracts.REVIEWS
            )
            write_table(table, self.work(wave) / "reviews.parquet", contracts.REVIEWS)
        verdict_files = [self._verify(wave, 0, (i for i, row in drawn.items() if row["to_verify"]), verdicts or {})]
        self.verified = [[i for i, row in drawn.items() if row["to_verify"]]]
        while wave.refill and wave.selfie == "after_draw" and (ids := next_round(where, wave, verdict_files)):
            self.verified.append(ids)
            verdict_files.append(self._verify(wave, len(verdict_files), ids, verdicts or {}))
        decide(where, seeded(wave, self.work(wave)), verdict_files)
        return by_id(self.work(wave) / "out" / "decisions.parquet")

    def finish(self, wave: Wave) -> Path:
        """Writes the manifest and installs the outputs, as the last task of a wave does; returns their folder."""
        where = Store.at(self.root)
        run = Plan(where, seeded(wave, self.work(wave)), resolve_extracts(where, wave), 1, datetime.now().astimezone())
        manifest.write(run)
        recorded.finished(run, run.work / "out")
        shutil.copytree(run.work / "out", where.out(wave), dirs_exist_ok=True)
        return where.out(wave)

    def work(self, wave: Wave) -> Path:
        """The folder between the rooms."""
        return Store.at(self.root).work(wave)

    def out(self, wave: Wave, name: str) -> list[Row]:
        """The rows of an output, in order."""
        return files.read_table(self.work(wave) / "out" / f"{name}.parquet").to_pylist()

    def _verify(self, wave: Wave, number: int, ids: Iterable[str], verdicts: Mapping[str, Row]) -> Path:
        rows = [{"registration_id": i, **VERDICT, **verdicts.get(i, {})} for i in ids]
        path = self.work(wave) / "verdicts" / f"round-{number:04d}.parquet"
        return write_table(pa.Table.from_pylist(rows, schema=contracts.VERDICTS), path, contracts.VERDICTS)


def digits(text: str | None) -> int | None:
    """A NIK or KK as ingest hands it on: a number, if it is sixteen digits."""
    return int(text) if text and re.fullmatch("[0-9]{16}", text) else None


def set_bits(mask: int, codes: Sequence[str]) -> list[str]:
    """The codes whose bits are set."""
    return [code for n, code in enumerate(codes) if mask >> n & 1]


def by_id(path: Path) -> dict[str, Row]:
    """A table's rows by registration_id, in the table's order."""
    return {row["registration_id"]: row for row in files.read_table(path).to_pylist()}


def at(text: str) -> datetime:
    """A local time (WIB) as a table has it."""
    return datetime.fromisoformat(text)
