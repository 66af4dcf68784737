"""The contract's table "What a letter tells", row by row: by how sure it is that the reader is the person."""

from __future__ import annotations

import pytest

from pipeline.domain import reasons
from pipeline.reports.messages.letters import Letter, write_letter
from pipeline.reports.messages.telling import group_of, letter_items, table
from tests.unit import wave_factory

WAVE, NEXT = wave_factory.wave(), wave_factory.wave(13)
#: What a register says about the holder of a NIK.
SECRET = (
    "deceased", "not_citizen", "in_education", "bansos_recipient", "bsu_recipient", "excluded_occupation",
    "already_accepted", "blacklisted", "kk_limit",
)  # fmt: skip


@pytest.mark.parametrize(
    ("given", "selfie", "tells"),
    [
        # reasons, selfie matched → what is told
        (["bansos_recipient"], False, ["records"]),
        (["bansos_recipient"], True, ["bansos_recipient"]),
        (["deceased", "bansos_recipient", "blacklisted"], False, ["records"]),
        (["deceased", "blacklisted"], True, ["deceased", "blacklisted"]),
        # a contact that is not confirmed: the reader may be anybody, whatever the face says
        (["email_unverified", "in_education"], True, ["email_unverified", "records"]),
        (["phone_unverified", "blacklisted"], True, ["phone_unverified", "records"]),
        # an identity that does not agree: the register speaks of somebody else
        (["identity_mismatch"], False, ["identity"]),
        (["identity_mismatch", "deceased"], True, ["identity"]),
        (["outside_wave", "identity_mismatch", "under_18", "bansos_recipient"], False, ["outside_wave", "identity"]),
        # whether a NIK exists is told no more than whose it is
        (["nik_unknown"], False, ["identity"]),
        (["shared_nik"], False, ["identity"]),
        (["nik_malformed"], False, ["nik_malformed"]),
        # what the reader wrote, sent or knows
        (["outside_wave", "email_unverified"], False, ["outside_wave", "email_unverified"]),
        (["under_18", "in_education"], False, ["under_18", "records"]),
        (["glasses", "face_mismatch"], False, ["glasses", "face_mismatch"]),
        # an officer's refusal does not tell what the register lacks, or who else has this face
        (["reference_missing"], False, ["officer"]),
        (["same_person", "blur"], False, ["blur", "officer"]),
        # an application that another one replaces
        (["duplicate_application", "bansos_recipient"], True, ["duplicate_application"]),
    ],
)
def test_what_a_letter_tells(given: list[str], selfie: bool, tells: list[str]) -> None:
    assert sorted(item.name for item in letter_items(given, matched=selfie)) == sorted(tells)


def test_every_reason_is_in_the_table_and_every_secret_has_a_group() -> None:
    assert [code for code, _, _ in table()] == list(reasons.codes())
    assert {group_of(code) for code in SECRET} == {"records"}


def letter(*given: str) -> Letter:
    return write_letter(WAVE, "rejected", given, NEXT)


@pytest.mark.parametrize("code", SECRET)
def test_leaked_data_and_a_phone_of_ones_own_do_not_tell_which_fact_a_register_holds(code: str) -> None:
    """The oracle: NIK, name, birth date and KK are right, phone and e-mail are the attacker's and confirmed."""
    assert letter(code) == letter("bansos_recipient")
    assert letter(code, "in_education") == letter("bansos_recipient")
    assert letter("under_18", code) == letter("under_18", "bansos_recipient")
    assert letter("email_unverified", code) == letter("email_unverified", "bansos_recipient")


@pytest.mark.parametrize("code", [*SECRET, "under_18"])
@pytest.mark.parametrize("typed", ["identity_mismatch", "nik_unknown"])
def test_a_guess_that_is_wrong_tells_nothing_at_all(code: str, typed: str) -> None:
    assert letter(typed, code) == letter("identity_mismatch") == letter("nik_unknown") == letter("shared_nik")


def test_a_refused_photograph_is_not_refused_for_what_the_register_lacks() -> None:
    assert letter("reference_missing") == letter("same_person") == letter("same_person", "reference_missing")
