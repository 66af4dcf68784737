"""Two spellings of one name are one person; two names are two."""

from __future__ import annotations

import pytest

from pipeline.domain.person_names import one_person, skeleton

SAME = [
    ("Ani Wijaya", "  ani   WIJAYA "),
    ("Ani", "Аni"),  # Cyrillic А
    ("Ani", "Αni"),  # Greek Α
    ("Budi", "Budı"),  # a dotless i
    ("Ali", "AIi"),  # a capital i
    ("Ani", "Ａｎｉ"),  # full width
    ("Ani", "A\u200bni"),  # a space of no width
    ("José", "Jose\u0301"),
    ("Jose", "José"),
    ("rosa", "r0sa"),
    ("ani-wijaya", "ani.wijaya"),
    ("сосо", "coco"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_spellings_of_one_name(one: str, other: str) -> None:
    assert one_person(one, other)


@pytest.mark.parametrize(
    ("one", "other"), [("Ani", "Ana"), ("Arni", "Ami"), ("Ani 2", "Ani 3"), ("Юрий", "Yuri"), ("王", "黄"), ("-", ".")]
)
def test_two_names(one: str, other: str) -> None:
    assert not one_person(one, other)


def test_a_skeleton_stays() -> None:
    for names in SAME:
        assert {skeleton(skeleton(name)) for name in names} == {skeleton(names[0])}
