"""A public folder of a wave that nobody ran, right in every hash and place: what an outsider's check is tried on.

Written from the contract's text ("The draw, second form") alone: no code of the pipeline's draw or of the checks.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from typing import Any

from pipeline.publication.public_page import write_public_page

#: Two real rounds of drand's quicknet: their signatures.
ROUNDS = {
    1000: "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39",
    657413: "b713718a38ae728dfd477991af2822e08d2f305e47718cef9f7848ce4050e7be41076862b98fad56e91a6b85b89cd97b",
}


@dataclass(frozen=True)
class Wave:
    """What a made-up wave is like. ``failing``: the share that the selfie check refuses or sends to a reviewer;
    ``withdrawn``: of those with a place, the share that loses it at the last screening.
    """

    n: int = 60
    listed: float = 0.3
    quota: int = 20
    priority_share: float = 0.55
    selfie: str = "after_draw"
    refill: bool = False
    failing: float = 0.25
    beyond_kk: float = 0.1
    wave: str = "wave-0012"
    withdrawn: float = 0.1
    round: int = 657413
    beacon: str = "drand-quicknet"
    seed: int = 1


@dataclass
class Person:
    """One ticket on the list."""

    ticket: str
    tier: str
    draw: str
    fate: str  # accepted | rejected | review | kk_limit: what becomes of them if it is their turn
    outcome: str = "reserve"
    rank: int | None = None


def write(folder: Path, wave: Wave) -> Path:
    """Writes the folder, and returns it."""
    folder.mkdir(parents=True, exist_ok=True)
    chance = random.Random(wave.seed)
    tickets = sorted({chance.randbytes(32).hex() for _ in range(wave.n)})
    listed = {ticket for ticket in tickets if chance.random() < wave.listed}
    texts = {name: "".join(f"{x}\n" for x in tickets if name == "eligible" or x in listed) for name in _LISTS}
    hashes = {name: sha256(text.encode()).hexdigest() for name, text in texts.items()}
    signature = ROUNDS[wave.round]
    randomness = sha256(bytes.fromhex(signature)).hexdigest()
    seed_text = f"gelombang/2:{wave.wave}:{hashes['eligible']}:{hashes['priority']}:{randomness}"
    seed = sha256(seed_text.encode()).hexdigest()
    people = _draw(seed, tickets, listed, wave, chance)
    _give_places(people, wave)
    taken_back = _withdraw(people, wave, chance)
    for name, text in texts.items():
        (folder / f"{name}.txt").write_text(text)
    (folder / "withdrawn.txt").write_text("".join(f"{ticket}\n" for ticket in sorted(taken_back)))
    record: dict[str, Any] = {"form": 2, "wave": wave.wave, "seed": seed, "list_sha256": hashes["eligible"]}
    record |= {"list_merkle_sha256": root(tickets), "priority_sha256": hashes["priority"], "quota": wave.quota}
    record |= {"priority_share": wave.priority_share, "refill": wave.refill, "selfie": wave.selfie}
    record |= {"beacon": wave.beacon, "round": wave.round, "signature": signature, "randomness": randomness}
    write_json(folder / "draw.json", record)
    committed = {"form": 2, "wave": wave.wave, "key_sha256": sha256(b"key").hexdigest(), "quota": wave.quota}
    committed |= {"priority_share": wave.priority_share, "refill": wave.refill, "selfie": wave.selfie}
    committed |= {"closes": "2023-08-20T23:59:59", "beacon": wave.beacon, "round": wave.round, "software": "0.4.0"}
    write_json(folder / "commitment.json", committed)
    rows = [f"{n},{p.ticket},{p.tier},{p.outcome},{p.rank or ''}\n" for n, p in enumerate(people, 1)]
    (folder / "outcomes.csv").write_text("position,ticket,tier,outcome,rank\n" + "".join(rows))
    write_public_page(folder)
    return folder


_LISTS = ("eligible", "priority")


def write_json(path: Path, value: dict[str, Any]) -> None:
    """JSON as the pipeline writes it."""
    path.write_text(json.dumps(value, indent=2) + "\n")


def root(lines: list[str]) -> str:
    """RFC 6962 as its text has it: the tree of n leaves splits at the largest power of two below n."""

    def tree(low: int, high: int) -> bytes:
        if high - low == 1:
            return sha256(b"\x00" + lines[low].encode()).digest()
        split = low + (1 << ((high - low - 1).bit_length() - 1))
        return sha256(b"\x01" + tree(low, split) + tree(split, high)).digest()

    return tree(0, len(lines)).hex() if lines else sha256(b"").hexdigest()


def _draw(seed: str, tickets: list[str], listed: set[str], wave: Wave, chance: random.Random) -> list[Person]:
    people = []
    for ticket in tickets:
        fate = "accepted"
        if wave.selfie != "off" and chance.random() < wave.failing:
            fate = chance.choice(["rejected", "rejected", "review"])
        if chance.random() < wave.beyond_kk:
            fate = "kk_limit"
        tier = "priority" if ticket in listed else "public"
        people.append(Person(ticket, tier, sha256(f"{seed}:{ticket}".encode()).hexdigest(), fate))
    return sorted(people, key=lambda person: (person.tier, person.draw, person.ticket))


def _give_places(people: list[Person], wave: Wave) -> None:
    """Plays the wave, a person at a time: a turn comes, the selfie is checked, a place is taken or not."""
    for person in people:
        if person.fate == "kk_limit" or wave.selfie == "before_draw":
            person.outcome = person.fate if person.fate != "accepted" else "reserve"
    waiting = [person for person in people if person.outcome == "reserve"]
    turns = {tier: iter([person for person in waiting if person.tier == tier]) for tier in ("priority", "public")}
    once = wave.selfie == "after_draw" and not wave.refill
    kept = int(wave.quota * Fraction(str(wave.priority_share)))
    used = _take(turns["priority"], kept, once)
    used += _take(turns["public"], wave.quota - used, once)
    _take(turns["priority"], wave.quota - used, once)


def _withdraw(people: list[Person], wave: Wave, chance: random.Random) -> set[str]:
    """The last screening: some lose their place. With ``refill`` the wave is played again without them."""
    lost = {person.ticket for person in people if person.outcome == "accepted" and chance.random() < wave.withdrawn}
    for person in people:
        if person.ticket in lost:
            person.fate = person.outcome = "rejected"
        elif wave.refill and person.outcome == "accepted":
            person.outcome = "reserve"
    if wave.refill:
        _give_places(people, wave)
    ranked = [person for person in people if person.outcome == "accepted"]
    for rank, person in enumerate(ranked, 1):
        person.rank = rank
    return lost


def _take(turns: Iterator[Person], places: int, once: bool) -> int:
    """Fills places from a line, and returns how many are used; ``once``: who fails leaves their place empty."""
    used = 0
    while used < places and (person := next(turns, None)) is not None:
        person.outcome = person.fate
        used += once or person.fate == "accepted"
    return used
