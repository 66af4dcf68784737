"""A seeded random country: people, registers and applications with every fault, alone and together."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from typing import Any

from pipeline.domain.calendar import Wave
from tests.spec.world import World, kk

FIRST = ["MUHAMMAD", "SITI", "BUDI", "DEWI", "AGUS", "NUR", "I MADE", "MOHAMAD", "SRI", "YOHANES", "RATNA", "HJ"]
LAST = ["AMINAH", "SANTOSO", "LESTARI", "RIDWAN", "SIHOMBING", "WIJAYA", "AINI", "SAPUTRA", "UTAMI", "NUGROHO", "MA"]
SINGLE = ["SUKARNO", "SUJONO", "JOKO", "ALI", "MUHAMMAD", "DEDE", "CAHYO", "SITI"]
DEGREES = ["S.Pd.", "S.Kom.I.", "S.E.", "S.H.I.", "M.Si", "A.Md.Kep.", "S.Tr.Kes", "M.B.A.", "Ph.D."]
REGIONS = ["3171", "3273", "9101", "1101", "7371", "5103", "9999", "0171"]
OCCUPATIONS = [
    "KARYAWAN SWASTA",
    "PELAJAR/MAHASISWA",
    "WIRASWASTA",
    "KEPALA DESA",
    "KEPOLISIAN RI (POLRI)",
    "BUPATI",
    None,
]


class Country:
    """Plants people and applications in a world. ``faults`` is the chance of each fault of a faulty application."""

    def __init__(self, world: World, wave: Wave, seed: int) -> None:
        self.world, self.wave = world, wave
        self.dice = random.Random(seed)
        self.accepted: dict[str, str | None] = {}  # by NIK the name that an earlier cohort has, if it has one

    def one_in(self, n: float) -> bool:
        return self.dice.random() * n < 1

    def populate(self, people: int) -> None:
        """The registers."""
        for serial in range(people):
            born = self._born()
            sex = self.dice.choice("LP")
            shown = born if not self.one_in(30) else born + timedelta(days=1)
            day = shown.day + (40 if sex == "P" else 0)
            number = f"{self._region()}01{day:02d}{shown:%m%y}{serial % 10_000:04d}"
            self._person(number, born, sex, serial)
            if self.one_in(60):
                self._person(number, self._born(), sex, serial + 7)
            if self.one_in(40):  # the same person once more, with other facts
                same = {key: self.world.extracts["population"][-1][key] for key in ("full_name", "birth_date")}
                self._person(number, born, sex, serial + self.dice.choice([0, 4]))
                self.world.extracts["population"][-1].update(same)
            self._registers(number)

    def _person(self, number: str, born: date, sex: str, serial: int) -> None:
        self.world.person(
            number,
            kk=kk(serial // 4 % 10_000) if not self.one_in(300) else None,
            full_name=self._full_name(),
            birth_date=born if not self.one_in(300) else None,
            sex=sex,
            citizenship=self.dice.choices(["WNI", "WNA", None], [50, 2, 1])[0],
            alive=self.dice.choices([True, False, None], [50, 2, 1])[0],
            occupation=self.dice.choices(OCCUPATIONS, [30, 5, 10, 1, 1, 1, 1])[0],
        )

    def _full_name(self) -> str:
        first, father, last = self.dice.choice(FIRST), self.dice.choice(LAST), self.dice.choice(LAST)
        return self.dice.choices(
            [
                f"{first} {father} {last}",
                self.dice.choice(SINGLE),
                f"{first} BIN {last}",
                f"{first} {father}, {self.dice.choice(DEGREES)}",
            ],
            [20, 4, 2, 1],
        )[0]

    def _registers(self, number: str) -> None:
        for extract, column, values in (
            ("education", "register", ["dapodik", "pddikti", "emis"]),
            ("bansos", "programme", ["PKH", "BPNT", "BST", "BSU"]),
        ):
            while self.one_in(8):
                status = self.dice.choice(["active", "ended" if extract == "bansos" else "graduated"])
                self.world.enter(extract, number, status=status, **{column: self.dice.choice(values)})
        if self.one_in(25):
            since = self.dice.choice(
                [None, self.wave.closing_day, self.wave.closing_day + timedelta(days=1), date(2020, 1, 1)]
            )
            self.world.enter("blacklist", number, since=since)
        if self.one_in(4):
            self.world.enter("priority", number, listed_by="KEMNAKER")
        if self.one_in(25):
            names = [p["full_name"] for p in self.world.extracts["population"][-3:] if p["nik"] == number]
            self.accepted[number] = self.dice.choice([*names, *names, None, "SOMEBODY ELSE"])

    def apply(self, applications: int) -> None:
        """The wave's applications: half of them faultless as far as the applicant is concerned."""
        people = self.world.extracts["population"]
        for n in range(applications):
            if n and self.one_in(400):  # an id that another application has
                n -= 1
            person = self.dice.choice(people)
            chance = self.dice.choice([0.0, 0.03, 0.3])
            self.world.apply(self.wave, f"R{n:06d}", self._nik(person["nik"], chance), **self._changes(person, chance))

    def _changes(self, person: dict[str, Any], chance: float) -> dict[str, Any]:
        def faulty() -> bool:
            return self.dice.random() < chance

        opens, closes = self.wave.opens, self.wave.closes
        inside = opens + self.dice.randrange(50) / 49 * (closes - opens)  # few moments, so that some fall together
        outside = self.dice.choice([None, opens - timedelta(seconds=1), closes + timedelta(seconds=1)])
        other = self.dice.choice([None, date(1990, 5, 15), self._born()])
        return {
            "submitted_at": _whole(outside if faulty() else inside),
            "email_verified": not faulty(),
            "phone_verified": not faulty(),
            "full_name": self._name(person["full_name"], faulty()),
            "birth_date": other if faulty() else person["birth_date"],
            "kk": self.dice.choice([kk(9_999), "317101", None]) if faulty() else person["kk"],
            "phone": self.dice.choice(["081200000001", "081200000002"]),
            "email": self.dice.choice(["a@contoh.id", "b@contoh.id"]),
        }

    def _nik(self, number: str, chance: float) -> str | None:
        if self.dice.random() < chance / 2:
            return self.dice.choice([None, number[:15], number + "0", number[:8] + "O" + number[9:], "x"])
        return f"3171019{number[7:]}" if self.dice.random() < chance / 2 else number

    def _name(self, name: str, faulty: bool) -> str | None:
        degree, bare = self.dice.choice(DEGREES), name.split(",")[0]
        ways = [
            lambda: name,
            lambda: name.title(),
            lambda: "  ".join(name.lower().split()),
            lambda: f"H. {name}",
            lambda: f"Prof. Dr. {name.title()}, S.E., M.Si",
            lambda: name.replace("MUHAMMAD", "Moh.").replace("MOHAMAD", "MUH"),
            lambda: name.replace("A", "Á"),
            lambda: name.replace(" ", "-"),
            lambda: f"{name}, {degree}",
            lambda: f"{name} {degree.upper()}",
            lambda: f"{name}, {degree.replace('.', '')}, {degree.replace('.', ' ')}",
            lambda: f"apt. {name} (alm)",
            lambda: f"{name} -",
            lambda: name if " " in name else f"{name} {name}",
            lambda: name.replace(" BIN ", " ") if " BIN " in name else name.replace(" ", " binti ", 1),
        ]
        old = name.replace("U", "OE").replace("J", "DJ").replace("C", "TJ").replace("Y", "J")
        wrong = [
            lambda: old,
            lambda: name.split(" BIN ")[0],
            lambda: f"{name} MA",
            lambda: f"{name} R.",
            lambda: f"{name} {name}",
            lambda: name.split(" ")[0],
            lambda: bare[:-2] + bare[-1],
            lambda: bare[:-2] + bare[-1] + bare[-2],
            lambda: f"{name} X",
            lambda: name.replace("A", "E"),
            lambda: "ORANG LAIN",
            lambda: None,
        ]
        return self.dice.choice(wrong if faulty else ways)()

    def _born(self) -> date:
        eighteen = self.wave.closing_day.replace(year=self.wave.closing_day.year - 18)
        return eighteen + timedelta(
            days=self.dice.choice([-1, 0, 1, 200, *(-self.dice.randrange(20_000) for _ in range(20))])
        )

    def _region(self) -> str:
        return self.dice.choices(REGIONS, [20, 20, 20, 20, 20, 20, 2, 2])[0]


def _whole(moment: datetime | None) -> datetime | None:
    return moment and moment.replace(microsecond=0)
