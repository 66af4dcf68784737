"""Selfies of a wave that looks at cards: what is planted in them is what is found in them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.selfie.card.card_check import compared, read_card
from pipeline.selfie.card.card_finder import find_card
from pipeline.selfie.decode import decode
from pipeline.selfie.detection.face_finder import find
from pipeline.simulate.photos import casting, face_sources, photographs
from pipeline.simulate.photos.cards import held_selfie
from pipeline.simulate.photos.photo_job import CardKind, HeldCard, Job

pytestmark = pytest.mark.slow
NUMBER = "3171234567890123"
OTHER = "5201554402990001"


def job(folder: Path, number: int, card: HeldCard | None, fault: str | None = None, copy_of: int | None = None) -> Job:
    return Job(number, 3, True, fault, folder / f"{number}.jpg", None, copy_of=copy_of, card=card)


def state(path: Path, number: str = NUMBER) -> str:
    data = path.read_bytes()
    small = decode(data, 10**7, 640).pixels
    return compared(read_card(small, lambda: decode(data, 10**7, 1440, grey=True).pixels[..., 0]), number).state


@pytest.mark.parametrize(
    ("kind", "printed", "found"),
    [
        ("right", NUMBER, "agrees"),
        ("another", OTHER, "differs"),
        ("altered", NUMBER[:-1] + "8", "differs"),
        ("none", "", "missing"),
        ("unreadable", NUMBER, "unreadable"),
    ],
)
def test_each_kind_of_card_is_found_as_it_was_planted(tmp_path: Path, kind: CardKind, printed: str, found: str) -> None:
    jobs = [job(tmp_path, number, HeldCard(kind, printed)) for number in (1, 2)]
    photographs.render(1, jobs, None, 1, lambda _: None)
    assert [state(one.selfie) for one in jobs] == [found] * 2


def test_a_selfie_with_a_card_is_a_function_of_its_job(tmp_path: Path) -> None:
    card = HeldCard("another", OTHER)
    made = []
    for folder in (tmp_path / "one", tmp_path / "two"):
        jobs = [job(folder, 1, card, "tilted"), job(folder, 2, card, "reused_photo", copy_of=1), job(folder, 3, card)]
        photographs.render(1, jobs, None, 1, lambda _: None)
        made.append([one.selfie.read_bytes() for one in jobs])
    assert made[0] == made[1]
    assert len(set(made[0])) == 3


def below_mouth(path: Path) -> bool:
    pixels = decode(path.read_bytes(), 10**7, 640).pixels
    face, card = find(pixels).mesh, find_card(pixels)
    if face is None or card is None:
        return False
    return float(card[:, 1].min()) > float(face.points[0, 1])  # the upper lip, as it is found


def test_a_card_is_held_below_the_mouth(tmp_path: Path) -> None:
    """Before it, the card would hide who is to be compared."""
    card = HeldCard("right", NUMBER)
    jobs = [replace(job(tmp_path, number, card, "tilted"), person=number) for number in range(1, 25)]
    photographs.render(1, jobs, None, 1, lambda _: None)
    assert [one.number for one in jobs if not below_mouth(one.selfie)] == []


def test_a_picture_that_is_sent_again_is_the_very_picture(tmp_path: Path) -> None:
    card = HeldCard("right", NUMBER)
    jobs = [job(tmp_path, 1, card), job(tmp_path, 2, card, "reused_photo", copy_of=1)]
    photographs.render(1, jobs, None, 1, lambda _: None)
    assert jobs[0].selfie.read_bytes() == jobs[1].selfie.read_bytes()


def test_a_fault_after_which_no_card_is_held_is_rendered_as_in_any_wave(tmp_path: Path) -> None:
    for fault in ("no_face", "several_faces", "blur", "dark"):
        assert not held_selfie.holds_card(fault)
        with_card, without = (
            job(tmp_path / str(n), 1, card, fault) for n, card in enumerate((HeldCard("none", ""), None))
        )
        photographs.render(1, [with_card, without], None, 1, lambda _: None)
        assert with_card.selfie.read_bytes() == without.selfie.read_bytes()


def test_somebody_elses_card_shows_somebody_else() -> None:
    people = face_sources.people(None)
    for number in range(20):
        at = number % len(people)
        assert casting.somebody_else(1, number, at, people) is not face_sources.portrait(people[at][0])
    faces = {id(casting.somebody_else(1, number, 0, people)) for number in range(20)}
    assert len(faces) > 1
