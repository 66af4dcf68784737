"""The record: every way of changing it afterwards is found, and many who write at once each have their entry."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.errors import KeyLostError, WrongKeyError
from pipeline.domain.settings import settings
from pipeline.record import log, verification
from pipeline.record.entry import EVENTS, Entry, without_numbers
from pipeline.record.finding import finding
from pipeline.record.history import history_lines, text_of
from pipeline.runtime.system_user import user_name
from pipeline.storage.paths import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    (tmp_path / "data").mkdir()
    made = Store.at(tmp_path / "data")
    for number in range(5):
        log.note(made, "unlocked", 1 + number % 2, {"run": f"run {number}", "since": "today"})
    return made


def entry(store: Store, number: int) -> Path:
    return store.root / "record" / f"{number:08d}.json"


def edit(path: Path, **changes: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_a_record_that_nobody_touched_is_whole(store: Store):
    assert verification.faults(store) == []
    assert log.head(store).entries == 5
    assert [e.facts["run"] for e in log.entries(store, 2)] == ["run 1", "run 3"]
    assert log.entries(store, None, "published") == []
    assert all(e.by == user_name() and e.moment.tzinfo for e in log.entries(store))


def resign(path: Path, key: Ed25519PrivateKey, **changes: object) -> None:
    kept = Entry.from_bytes(path.read_bytes())
    path.write_bytes(replace(kept, **changes).signed(key).to_bytes())  # type: ignore[arg-type]


def remove(store: Store, *numbers: int) -> None:
    for number in numbers:
        entry(store, number).unlink()


ATTACKS: dict[str, tuple[Callable[[Store], object], str]] = {
    "an entry's facts": (lambda s: edit(entry(s, 3), facts={"run": "another"}), "entry 3 was changed after"),
    "who did it": (lambda s: edit(entry(s, 3), by="somebody"), "entry 3 was changed after"),
    "an entry is gone": (lambda s: entry(s, 3).unlink(), "entry 3 is missing"),
    "the end is cut off": (lambda s: remove(s, 4, 5), "its end was cut off"),
    "all of it is gone": (lambda s: remove(s, 1, 2, 3, 4, 5), "its end was cut off"),
    "two change places": (
        lambda s: (entry(s, 2).rename(entry(s, 9)), entry(s, 3).rename(entry(s, 2)), entry(s, 9).rename(entry(s, 3))),
        "entry 2 says that it is number 3",
    ),
    "rubbish": (lambda s: entry(s, 2).write_bytes(b"{"), "entry 2 cannot be read"),
    "another key": (lambda s: resign(entry(s, 4), Ed25519PrivateKey.generate(), by="x"), "signed by another key"),
    "another key, to the end": (
        lambda s: resign(entry(s, 5), Ed25519PrivateKey.generate(), by="x"),
        "who signed it cannot be checked",
    ),
    "with the right key": (lambda s: resign(entry(s, 2), log.signing_key(s), by="x"), "entry 3 does not follow"),
    "the last one, with the right key": (
        lambda s: resign(entry(s, 5), log.signing_key(s), by="x"),
        "the record was written anew",
    ),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_whatever_is_changed_afterwards_is_found(store: Store, attack: str):
    change, expected = ATTACKS[attack]
    change(store)
    found = [str(fault) for fault in verification.faults(store)]
    assert any(expected in fault for fault in found), found


def test_a_fork_by_whoever_has_the_key_is_found_by_what_was_published(
    store: Store,
):
    seen = (("published/wave-0001/rev-1/publication.json", log.head(store)),)
    entry(store, 5).unlink()
    log.forget(store)
    log.note(store, "unlocked", 1, {"run": "written anew", "since": ""})
    assert verification.faults(store) == []
    assert any("written anew" in str(fault) for fault in verification.faults(store, seen))
    log.note(store, "unlocked", 1, {"run": "and on", "since": ""})
    assert any("written anew" in str(fault) for fault in verification.faults(store, seen))


def test_a_damaged_record_never_keeps_anybody_from_writing(store: Store):
    entry(store, 5).write_bytes(b"")
    entry(store, 2).unlink()
    (store.root / "record" / "readme.txt").write_text("not ours")
    assert log.note(store, "unlocked", 1, {"run": "x", "since": ""}).entries == 6
    assert len(log.entries(store)) == 4


def test_a_lost_or_another_key_is_a_named_error_and_never_a_new_key(store: Store, monkeypatch, tmp_path: Path):
    monkeypatch.setenv("GELOMBANG_SECRETS", str(tmp_path / "elsewhere"))
    settings.cache_clear()
    try:
        with pytest.raises(KeyLostError, match=r"record\.key, which is not here"):
            log.note(store, "unlocked", 1, {"run": "x", "since": ""})
        assert not (tmp_path / "elsewhere").exists()
        assert verification.faults(store) == [finding("signer_unknown", why=lost(store))]
        (tmp_path / "elsewhere").mkdir()
        (tmp_path / "elsewhere" / "record.key").write_bytes(bytes(32))
        with pytest.raises(WrongKeyError):
            log.note(store, "unlocked", 1, {"run": "x", "since": ""})
        assert log.head(store).entries == 5
    finally:
        settings.cache_clear()


def lost(store: Store) -> str:
    return f"The record of {store.address} is signed by record.key, which is not here."


def test_of_many_that_write_at_once_each_has_an_entry(tmp_path: Path):
    (tmp_path / "data").mkdir()
    store = Store.at(tmp_path / "data")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: log.note(store, "unlocked", n, {"run": str(n), "since": ""}), range(40)))
    assert verification.faults(store) == []
    assert sorted(e.wave or 0 for e in log.entries(store)) == list(range(40))


VALUES = st.none() | st.integers(-(2**53), 2**53) | st.text(max_size=9) | st.lists(st.text(max_size=9), max_size=3)


@given(st.dictionaries(st.text(max_size=9), VALUES, max_size=3), st.text(max_size=9))
def test_an_entry_read_again_is_the_same_and_still_signed(facts: dict[str, object], by: str):
    made = Entry(1, "0" * 64, "2026-11-26T10:00:00+07:00", "opened", 3, by, "0", facts)
    made = made.signed(Ed25519PrivateKey.generate())
    read = Entry.from_bytes(made.to_bytes())
    assert read == made
    assert read.is_signed()
    assert not replace(read, by=by + "x").is_signed()


@pytest.mark.parametrize("language", ["id", "en"])
@pytest.mark.parametrize("event", EVENTS)
def test_every_event_has_its_words_and_facts_that_do_not_fit_them_never_stop_anybody(event: str, language: str):
    made = Entry(1, "0" * 64, "2026-11-26T03:00:00+00:00", event, 3, "ani", "0", {})
    assert text_of(made, language)
    [line] = history_lines([made], language)
    assert f"{line.at:%H:%M}" == "10:00"  # WIB


def test_what_others_wrote_cannot_drive_a_terminal():
    facts = {"registration_id": "R1", "why": "\x1b[2J[red]x[/red]"}
    said = text_of(Entry(1, "0" * 64, "2026-11-26T03:00:00+00:00", "looked_up", 3, "ani", "0", facts), "en")
    assert said == "The application R1 was looked up. �[2J[red]x[/red]"


def test_a_value_given_by_hand_is_told():
    facts = {"run": "r", "again": 1, "given": {"seed": "mine"}, "quota": 3}
    made = Entry(1, "0" * 64, "2026-11-26T03:00:00+00:00", "run_prepared", 3, "ani", "0", facts)
    assert text_of(made, "en") == "Started (r), quota 3. Once more. Given by hand: seed = mine."


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", "Published, revision 1234: 168,111 accepted, 24 removed by the last screening, 1,000 came in for them."),
        ("id", "Diterbitkan, revisi 1234: 168.111 diterima, 24 gugur pada pemeriksaan terakhir, 1.000 menggantikan."),
    ],
)
def test_history_writes_counts_with_separators_and_names_without(language: str, told: str) -> None:
    facts: dict[str, Any] = {"revision": 1234, "accepted": 168_111, "removed": 24, "added": 1000}
    made = Entry(1, "0" * 64, "2026-11-26T03:00:00+00:00", "published", 3, "ani", "0", facts)
    assert text_of(made, language) == told
    facts = {"run": "r", "quota": 60_000, "given": {"quota": 60_000}}
    made = Entry(1, "0" * 64, "2026-11-26T03:00:00+00:00", "run_prepared", 3, "ani", "0", facts)
    assert text_of(made, language).count({"en": "60,000", "id": "60.000"}[language]) == 2


WORDS = st.text(st.characters(exclude_categories=("Nd", "Cs")), max_size=12)


@given(
    before=WORDS,
    number=st.from_regex(r"[1-9][0-9]{15}", fullmatch=True),
    gap=st.sampled_from(["", " ", ".", "-"]),
    after=WORDS,
)
def test_no_nik_that_somebody_typed_stays_for_good(before: str, number: str, gap: str, after: str):
    grouped = gap.join(number[at : at + 4] for at in range(0, 16, 4))
    typed = {"why": f"{before} {grouped} {after}", "asked_by": grouped, "registration_id": number, "n": 1}
    kept = without_numbers(typed)
    assert kept["why"] == f"{before} {number[:4]}{'*' * 12} {after}"
    assert kept["asked_by"] == f"{number[:4]}{'*' * 12}"
    assert (kept["registration_id"], kept["n"]) == (number, 1)
    assert without_numbers(kept) == kept


@pytest.mark.parametrize("text", ["12345678901234567", "SK 12/2021", "081234567890, 2 times", "0" * 64])
def test_other_numbers_stay_as_they_were_typed(text: str):
    assert without_numbers({"why": text}) == {"why": text}


def test_an_entry_is_written_without_them(store: Store):
    log.note(store, "looked_up", 1, {"registration_id": "R1", "why": "NIK 3171 0115 0590 0001 asked"})
    assert log.entries(store)[-1].facts["why"] == "NIK 3171************ asked"
