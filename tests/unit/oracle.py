"""The contract worked out a second time, in plain Python: all rules of layers 1–3, the draw, places and decisions.

Shares nothing with the pipeline: no SQL, no rulebook, no catalogue. Rows are dicts with the contract's columns.
"""

from __future__ import annotations

import csv
import hmac
import re
import unicodedata
from collections import Counter, defaultdict
from datetime import date
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

Row = dict[str, Any]

LAYERS = {
    "registration": ["outside_wave", "duplicate_application", "duplicate_id", "email_unverified", "phone_unverified"],
    "identity": [
        "nik_malformed",
        "nik_unknown",
        "identity_mismatch",
        "deceased",
        "not_citizen",
        "under_18",
        "shared_nik",
    ],
    "education": ["in_education"],
    "bansos": ["bansos_recipient", "bsu_recipient"],
    "exclusion": ["excluded_occupation", "already_accepted", "blacklisted", "kk_limit"],
    "selfie": ["blur", "dark", "face_mismatch", "reference_missing"],
}
ORDER = [code for codes in LAYERS.values() for code in codes]
DATA = {*LAYERS["registration"], "nik_malformed", "nik_unknown", "identity_mismatch", "shared_nik"}
OFFICES = {
    "PEGAWAI NEGERI SIPIL (PNS)",
    "TENTARA NASIONAL INDONESIA (TNI)",
    "KEPOLISIAN RI (POLRI)",
    "KEPALA DESA",
    "BUPATI",
}
TITLES = {"H", "HJ", "HAJI", "HAJJAH", "KH", "DR", "DRG", "DRS", "DRA", "IR", "PROF", "APT", "NS", "R", "RR", "ALM"}
#: Degrees by what else they may be: nobody's name; perhaps initials; a name that people bear.
CLEAR = [
    "S.PD",
    "S.PD.I",
    "S.KOM",
    "S.KOM.I",
    "S.SOS",
    "M.PD",
    "M.PD.I",
    "M.SI",
    "M.KES",
    "A.MD.KEP",
    "S.TR.KES",
    "PH.D",
    "ALM",
    "ALMH",
]
INITIALS = ["S.P", "S.E", "S.H", "S.H.I", "S.T", "S.AG", "A.MD", "M.M", "M.T", "M.H", "M.B.A", "SP.A"]
BORNE = ["M.A", "NS", "HJ", "APT"]
#: The two published lists, by the tiers that are on them.
_LISTS = (("priority", "public"), ("priority",))
MUHAMMAD = {"MOH", "MUH", "MOCH", "MOHD", "MUHAMAD", "MOHAMAD", "MOHAMMAD", "MOCHAMAD", "MUHAMMAD", "MOHAMED"}


def words(name: str | None) -> list[str]:
    """The words of a name without titles, degrees, accents and punctuation."""
    text = unicodedata.normalize("NFD", (name or "").upper())
    text = _without_degrees("".join(c for c in text if not unicodedata.combining(c)))
    found = re.sub("[^A-Z0-9]+", " ", text).split()
    while len(found) > 1 and (found[0] in TITLES or (found[:2] == ["K", "H"] and len(found) > 2)):
        del found[: 1 if found[0] in TITLES else 2]
    return ["MUHAMMAD" if word in MUHAMMAD else word for word in found]


@cache  # each name is asked for some twenty times, and this is nine tenths of what the oracle takes
def _without_degrees(text: str) -> str:
    front, *behind = text.split(",")
    for n in range(len(behind)):
        if _all_degrees(",".join(behind[n:])):
            front = ",".join([front, *behind[:n]])
            while (
                (last := front.split()[-1:])
                and len(front.split()) > 1
                and _degree([last[0].strip(".")], CLEAR + INITIALS)
            ):
                front = front.rsplit(last[0], 1)[0].rstrip()
            break
    else:
        front = text
    parts = front.split()
    while size := next((n for n in range(1, 5) if len(parts) > n and _stands_alone(" ".join(parts[-n:]))), 0):
        del parts[-size:]
    return " ".join(parts)


def _all_degrees(text: str) -> bool:
    """Whether a text is degrees and nothing else, however each is cut into its parts."""
    pieces = re.findall("[A-Z0-9]+", text)
    reached = {0}
    for end in range(1, len(pieces) + 1):
        if any(_degree(pieces[begin:end], CLEAR + INITIALS + BORNE) for begin in reached):
            reached.add(end)
    return bool(pieces) and len(pieces) in reached


def _stands_alone(text: str) -> bool:
    """Whether the end of a name is a degree without a comma before it."""
    pieces = re.findall("[A-Z0-9]+", text)
    dotted = re.match("[(]?[A-Z]+[.] ?[A-Z]", text) is not None
    return _degree(pieces, CLEAR) or (dotted and _degree(pieces, INITIALS + BORNE))


def _degree(pieces: list[str], known: list[str]) -> bool:
    """Whether pieces are one of these degrees, cut nowhere but between its parts."""
    cuts = {len("".join(pieces[:n])) for n in range(1, len(pieces))}
    for degree in known:
        parts = degree.split(".")
        allowed = {len("".join(parts[:n])) for n in range(1, len(parts))}
        if "".join(parts) == "".join(pieces) and cuts <= allowed:
            return True
    return False


def _fathers(found: list[str]) -> list[int]:
    """Where `bin` or `binti` stands between two words."""
    return [n for n, word in enumerate(found) if word in ("BIN", "BINTI") and 0 < n < len(found) - 1]


def plain(name: str | None) -> str:
    """The letters of a name that identify."""
    found = words(name)
    return "".join(word for n, word in enumerate(found) if n not in _fathers(found))


def same_name(one: str | None, other: str | None) -> bool:
    """Spelt alike, or one has the other's single word twice."""
    if not one or not other:
        return False
    a, b = plain(one), plain(other)
    twice = words(one) == [b, b] or words(other) == [a, a]
    return one.upper() == other.upper() or ((a == b or twice) and "" not in (a, b))


def distance(one: str, other: str) -> int:
    """Damerau–Levenshtein, neighbours swapped counting once."""
    table = {(i, 0): i for i in range(len(one) + 1)} | {(0, j): j for j in range(len(other) + 1)}
    for i in range(1, len(one) + 1):
        for j in range(1, len(other) + 1):
            cost = one[i - 1] != other[j - 1]
            best = min(table[i - 1, j] + 1, table[i, j - 1] + 1, table[i - 1, j - 1] + cost)
            if i > 1 and j > 1 and one[i - 1] == other[j - 2] and one[i - 2] == other[j - 1]:
                best = min(best, table[i - 2, j - 2] + 1)
            table[i, j] = best
    return table[len(one), len(other)]


def _modern(letters: str) -> str:
    """In letters that are the same before and after 1972; a single pass, the longest old form first."""
    new = {"OE": "U", "TJ": "C", "DJ": "Y", "J": "Y", "CH": "KH"}
    return re.sub("OE|TJ|DJ|CH|J", lambda found: new[found[0]], letters)


def near(one: str | None, other: str | None) -> bool:
    """Nearly one name: in the old spelling, without the father's name, or but for a slip of the pen."""
    a, b = plain(one), plain(other)
    if "" in (a, b):
        return False
    for with_father, alone in ((words(one), b), (words(other), a)):
        if (places := _fathers(with_father)) and "".join(with_father[: places[0]]) == alone:
            return True
    if _modern(a) == _modern(b):
        return True
    return len(b) >= 4 and distance(a, b) <= (2 if min(len(a), len(b)) >= 8 else 1)


def age(born: date, day: date) -> int:
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def well_formed(number: str | None) -> bool:
    return number is not None and re.fullmatch("[0-9]{16}", number) is not None


def regions(path: Path) -> set[str]:
    """The four-digit codes of a table of regions."""
    with path.open(encoding="utf-8") as f:
        return {row["code"] for row in csv.DictReader(f) if len(row["code"]) == 4}


class Oracle:
    """Knows the registers by NIK and judges a wave's applications."""

    def __init__(
        self, extracts: dict[str, list[Row]], accepted: dict[str, str | None], known_regions: set[str]
    ) -> None:
        self.people: dict[str, list[Row]] = defaultdict(list)
        for row in extracts["population"]:
            self.people[row["nik"]].append(row)
        self.pupils = {row["nik"] for row in extracts["education"] if row["status"] == "active"}
        active = [row for row in extracts["bansos"] if row["status"] == "active"]
        self.bsu = {row["nik"] for row in active if row["programme"] == "BSU"}
        self.bansos = {row["nik"] for row in active if row["programme"] != "BSU"}
        self.listed = {row["nik"] for row in extracts["priority"]}
        self.blacklist = extracts["blacklist"]
        self.accepted = accepted
        self.regions = known_regions

    def screen(self, applications: list[Row], wave: Any) -> dict[str, Row]:
        """Reasons, warnings, tier and draw of every application; what shares its id with another is not judged."""
        day = wave.closing_day
        times = Counter(a["registration_id"] for a in applications)
        applications = [a for a in applications if times[a["registration_id"]] == 1]
        blacklisted = {row["nik"] for row in self.blacklist if row["since"] is None or row["since"] <= day}
        superseded, contested = self._superseded(applications, wave)
        found: dict[str, Row] = {}
        for a in applications:
            reasons: set[str] = set()
            warnings: list[str] = []
            if not self._inside(a, wave):
                reasons.add("outside_wave")
            if a["registration_id"] in superseded:
                reasons.add("duplicate_application")
            reasons |= {f"{way}_unverified" for way in ("email", "phone") if not a[f"{way}_verified"]}
            person = None
            if not well_formed(a["nik"]):
                reasons.add("nik_malformed")
            else:
                if a["nik"][:4] not in self.regions:
                    warnings.append("nik_region")
                person = self._person(a)
                if person is None:
                    reasons.add("nik_unknown")
                else:
                    self._judge(a, person, day, reasons, warnings)
                    warnings += ["contested"] if a["registration_id"] in contested else []
                    warnings += ["register_contradicts"] if person["contradicts"] else []
                    reasons |= {"blacklisted"} if a["nik"] in blacklisted else set()
            if a["birth_date"] is None:
                warnings.append("birth_date_unreadable")
            found[a["registration_id"]] = {
                "reasons": reasons,
                "warnings": warnings,
                "tier": "priority" if a["nik"] in self.listed and well_formed(a["nik"]) else "public",
                "draw": sha256(f"{wave.seed}:{a['registration_id']}".encode()).hexdigest(),
                "kk": person["kk"] if person else None,
                "person": self._ticketed(a["nik"], person) if person else None,
            }
        for id_ in (id_ for id_, n in times.items() if n > 1):
            found[id_] = {
                "reasons": {"duplicate_id"},
                "warnings": [],
                "tier": "public",
                "draw": sha256(f"{wave.seed}:{id_}".encode()).hexdigest(),
                "kk": None,
            }
        if day >= date(2021, 2, 23) and not wave.beacon:
            self._limit_families(found)
        return found

    def draw_by_beacon(self, found: dict[str, Row], wave: Any, key: bytes, randomness: str) -> str:
        """The second form: tickets, list, seed and order for what ``screen`` found, then the families; the seed."""
        listed = {i: row for i, row in found.items() if not row["reasons"]}
        for row in found.values():
            row |= {"ticket": None, "draw": None}
        for row in listed.values():
            row["ticket"] = hmac.new(key, row["person"].encode(), "sha256").hexdigest()
        lists = [sorted(r["ticket"] for r in listed.values() if r["tier"] in tiers) for tiers in _LISTS]
        hashes = [sha256("".join(f"{ticket}\n" for ticket in tickets).encode()).hexdigest() for tickets in lists]
        seed = sha256(f"gelombang/2:{wave.key}:{hashes[0]}:{hashes[1]}:{randomness}".encode()).hexdigest()
        for row in listed.values():
            row["draw"] = sha256(f"{seed}:{row['ticket']}".encode()).hexdigest()
        for position, (_, row) in enumerate(_in_draw_order(listed), 1):
            row["position"] = position
        if wave.closing_day >= date(2021, 2, 23):
            self._limit_families(found)
        return seed

    def _ticketed(self, nik: str, person: Row) -> str:
        """What a ticket is made of."""
        if len(self._holders(nik)) == 1:
            return nik
        return f"{nik}|{person['first_name'] or ''}|{person['birth_date'] or ''}"

    def _inside(self, a: Row, wave: Any) -> bool:
        return a["submitted_at"] is not None and wave.opens <= a["submitted_at"] <= wave.last_moment

    def _superseded(self, applications: list[Row], wave: Any) -> tuple[set[str], set[str]]:
        """Which applications do not stand because another of the same person does; which sound ones contest."""
        own: dict[tuple, list[Row]] = defaultdict(list)
        for a in applications:
            p = self._person(a) if well_formed(a["nik"]) else None
            if p is not None and all(self._agreement(a, p)[:2]):
                own[a["nik"], plain(p["full_name"]), p["birth_date"]].append(
                    {**a, "kk_agrees": self._agreement(a, p)[2]}
                )
        superseded, contested = set(), set()
        for rows in own.values():
            inside = [a for a in rows if self._inside(a, wave)]
            sound = [a for a in inside if a["email_verified"] and a["phone_verified"] and a["kk_agrees"]]
            if candidates := sound or inside:
                last = max(candidates, key=lambda a: (a["submitted_at"], a["registration_id"]))
                superseded |= {a["registration_id"] for a in rows} - {last["registration_id"]}
            if len({a["phone"] for a in sound}) > 1 and len({a["email"] for a in sound}) > 1:
                contested |= {a["registration_id"] for a in sound}
        return superseded, contested

    def _agreement(self, a: Row, p: Row) -> tuple[bool, bool, bool]:
        born = a["birth_date"] is not None and a["birth_date"] == p["birth_date"]
        family = well_formed(a["kk"]) and a["kk"] in p["cards"]
        return same_name(a["full_name"], p["full_name"]), born, family

    def _holders(self, nik: str) -> list[Row]:
        """The people of a NIK: rows of one name and birth date are one person, who has the worse of two facts."""
        people: dict[tuple, list[Row]] = defaultdict(list)
        for row in self.people.get(nik, []):
            people[plain(row["full_name"]), row["birth_date"]].append(row)
        return [_merged(rows) for rows in people.values()]

    def _person(self, a: Row) -> Row | None:
        def rank(p: Row) -> tuple:
            name, born, family = self._agreement(a, p)
            unborn = p["birth_date"] is None
            return (
                not (name and born), -(name + born + family), plain(p["full_name"]), unborn, p["birth_date"] or date.min
            )  # fmt: skip

        person = min(self._holders(a["nik"]), key=rank, default=None)
        if person is not None and a["kk"] in person["cards"]:
            person["kk"] = a["kk"]
        return person

    def _judge(self, a: Row, p: Row, day: date, reasons: set[str], warnings: list[str]) -> None:
        name, born, family = self._agreement(a, p)
        holds = {
            "identity_mismatch": not (name and born and family),
            "deceased": p["alive"] is False,
            "not_citizen": p["citizenship"] != "WNI",
            "under_18": p["birth_date"] is not None and age(p["birth_date"], day) < 18,
            "in_education": a["nik"] in self.pupils,
            "bansos_recipient": a["nik"] in self.bansos,
            "bsu_recipient": a["nik"] in self.bsu and day >= date(2020, 11, 2),
            "excluded_occupation": p["occupation"] in OFFICES and day >= date(2020, 7, 8),
            "already_accepted": a["nik"] in self.accepted and self._was_accepted(p),
        }
        reasons |= {code for code, it_does in holds.items() if it_does}
        if p["birth_date"] is not None:
            shown = p["birth_date"].day + 40 * (p["sex"] == "P")
            if a["nik"][6:12] != f"{shown:02d}{p['birth_date']:%m%y}":
                warnings.append("nik_birth_date")
        if born and family and not name and near(a["full_name"], p["full_name"]):
            warnings.append("name_near_miss")
        if len(self._holders(a["nik"])) > 1:
            warnings.append("shared_nik")

    def _was_accepted(self, p: Row) -> bool:
        """Of several holders of a NIK the one of the earlier cohort's name, if it has a name."""
        name = self.accepted[p["nik"]]
        return len(self._holders(p["nik"])) == 1 or name is None or same_name(name, p["full_name"])

    def _limit_families(self, found: dict[str, Row]) -> None:
        taken: dict[str, int] = defaultdict(int)
        for nik in self.accepted:
            for p in filter(self._was_accepted, self._holders(nik)):
                for card in p["cards"]:
                    taken[card] += 1
        for _, row in _in_draw_order({i: r for i, r in found.items() if not r["reasons"]}):
            taken[row["kk"]] += 1
            if taken[row["kk"]] > 2:
                row["reasons"] = {"kk_limit"}


def _merged(rows: list[Row]) -> Row:
    cards = {row["kk"] for row in rows if well_formed(row["kk"])}
    jobs = {row["occupation"] for row in rows if row["occupation"]}
    lives = {row["alive"] for row in rows if row["alive"] is not None}
    sexes = {row["sex"] for row in rows if row["sex"]}
    papers = {row["citizenship"] for row in rows}
    return {
        **rows[0],
        "first_name": min((row["full_name"] for row in rows if row["full_name"] is not None), default=None),
        "kk": min(cards, default=None),
        "cards": cards,
        "alive": min(lives, default=None),
        "sex": min(sexes, default=None),
        "citizenship": "WNI" if papers == {"WNI"} else "WNA",
        "occupation": min(jobs & OFFICES, default=min(jobs, default=None)),
        "contradicts": any(len(facts) > 1 for facts in (cards, jobs, lives, sexes, papers)),
    }


def _in_draw_order(rows: dict[str, Row]) -> list[tuple[str, Row]]:
    return sorted(rows.items(), key=lambda item: (item[1]["tier"], item[1]["draw"], item[0]))


def decide(found: dict[str, Row], wave: Any, verdicts: dict[str, Row], reviews: dict[str, str]) -> dict[str, Row]:
    """A decision for every application; ``verdicts`` has the selfie's outcome of whoever may be verified."""
    line = _in_draw_order({i: row for i, row in found.items() if not row["reasons"]})
    tiers = {tier: [i for i, row in line if row["tier"] == tier] for tier in ("priority", "public")}
    passed = {"outcome": "passed", "reasons": []}
    settled = {i: _settled(verdicts.get(i, passed), reviews.get(i), row["warnings"]) for i, row in line}
    held = {i for i, row in line if "shared_nik" in row["warnings"] and reviews.get(i) != "accept"}
    verified = _verified(tiers, wave, {i for i in settled if settled[i][0] == "passed"} - held)
    fit = {
        t: [i for i in ids if wave.selfie == "off" or (i in verified and settled[i][0] == "passed")]
        for t, ids in tiers.items()
    }
    free = {tier: [i for i in ids if i not in held] for tier, ids in fit.items()}
    ranked = _placed(wave, free["priority"], free["public"])
    # a person who is held would be placed if he alone were not
    meant = {
        i
        for tier, ids in fit.items()
        for i in held & set(ids)
        if i in _placed(wave, *([j for j in fit[t] if j not in held or j == i] for t in ("priority", "public")))
    }
    ranks = {id_: n for n, id_ in enumerate(ranked, 1)}
    positions = {id_: n for n, (id_, _) in enumerate(line, 1)}
    if wave.beacon:  # everyone on the list has one, also whose family is full
        positions = {id_: row["position"] for id_, row in found.items() if "position" in row}
    decided = {}
    for id_, row in found.items():
        outcome, reasons = "reserve", sorted(row["reasons"], key=ORDER.index)
        if reasons:
            outcome = "rejected"
        elif id_ in ranks:
            outcome = "accepted"
        elif id_ in meant:
            outcome, reasons = "rejected" if reviews.get(id_) == "reject" else "review", ["shared_nik"]
        elif id_ in verified and settled[id_][0] != "passed":
            outcome, reasons = settled[id_]
        decided[id_] = {
            "outcome": outcome,
            "reasons": reasons,
            "warnings": row["warnings"],
            "layer": next((layer for layer, codes in LAYERS.items() if set(codes) & set(reasons)), None),
            "retry": _retry(reasons) if outcome == "rejected" else "none",
            "tier": row["tier"],
            "draw": row["draw"],
            "position": positions.get(id_),
            "rank": ranks.get(id_),
            "ticket": row.get("ticket"),
        }
    return decided


def _settled(verdict: Row, review: str | None, warnings: list[str]) -> tuple[str, list[str]]:
    outcome, reasons = verdict["outcome"], verdict["reasons"]
    if outcome == "rejected" and "contested" in warnings:
        outcome = "review"
    if outcome != "review":
        return outcome, reasons
    if review == "accept":
        return "passed", []
    shared = ["shared_nik"] if "shared_nik" in warnings else []
    if review == "reject":
        return "rejected", shared + (reasons or ["face_mismatch"])
    return "review", shared + reasons


def _placed(wave: Any, priority: list[str], public: list[str]) -> list[str]:
    seats = _seats(wave, len(priority), len(public))
    return priority[: seats[0]] + public[: seats[1]]


def _seats(wave: Any, priority: int, public: int) -> tuple[int, int]:
    kept = wave.quota * round(wave.priority_share * 100) // 100
    first = min(kept, priority)
    second = min(wave.quota - first, public)
    return min(priority, wave.quota - second), second


def _verified(tiers: dict[str, list[str]], wave: Any, passing: set[str]) -> set[str]:
    """Whose selfie is looked at: no more than the places ask for."""
    first, other = tiers["priority"], tiers["public"]
    if wave.selfie != "after_draw":
        return set() if wave.selfie == "off" else {*first, *other}
    seats = _seats(wave, len(first), len(other))
    begun = {*first[: seats[0]], *other[: seats[1]]}  # the first round, whatever comes of it
    if not wave.refill:
        return begun
    looked = _until(first, seats[0], passing)
    more = _until(other, wave.quota - sum(i in passing for i in looked), passing)
    return {*begun, *looked, *_until(first, wave.quota - sum(i in passing for i in more), passing), *more}


def _until(line: list[str], wanted: int, passing: set[str]) -> list[str]:
    """The shortest beginning of the line in which so many pass; all of it where there are not enough."""
    for n, id_ in enumerate(line):
        if wanted <= 0:
            return line[:n]
        wanted -= id_ in passing
    return line


def _retry(reasons: list[str]) -> str:
    if any(code not in DATA and code not in LAYERS["selfie"] for code in reasons):
        return "none"
    return "data" if any(code in DATA for code in reasons) else "photo"
