"""The catalogue of codes against the contract's table, and the arithmetic of layers and retries."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain import reasons
from pipeline.domain.reasons import DEFECTS

#: The codes that are promised to others (docs/reference/contract.md): layer, codes, retry.
CONTRACT = {
    "registration": "outside_wave duplicate_application duplicate_id email_unverified phone_unverified",
    "identity": "nik_malformed nik_unknown identity_mismatch deceased not_citizen under_18 shared_nik",
    "education": "in_education",
    "bansos": "bansos_recipient bsu_recipient",
    "exclusion": "excluded_occupation already_accepted blacklisted kk_limit",
    "selfie": "selfie_missing selfie_unreadable no_face several_faces blur glasses ears_hidden tilted dark hat "
    "face_mismatch reference_missing same_person reused_photo card_differs card_unreadable card_missing",
}
DATA_RETRY = {*CONTRACT["registration"].split(), "nik_malformed", "nik_unknown", "identity_mismatch", "shared_nik"}
some_codes = st.lists(st.sampled_from(reasons.codes()), max_size=6)


def test_the_catalogue_is_the_contract():
    assert {layer: " ".join(reasons.codes(layer)) for layer in reasons.LAYERS} == CONTRACT
    assert set(DEFECTS) < set(reasons.codes("selfie"))


@pytest.mark.parametrize("code", reasons.codes())
def test_retry_is_as_the_contract_has_it(code):
    layer = reasons.catalogue()[code].layer
    expected = "data" if code in DATA_RETRY else "photo" if layer == "selfie" else "none"
    assert reasons.retry_of([code]) == expected


@given(some_codes)
def test_only_selfie_reasons_alone_can_be_answered_with_a_photo(given_codes):
    only_selfie = bool(given_codes) and all(reasons.catalogue()[c].layer == "selfie" for c in given_codes)
    assert (reasons.retry_of(given_codes) == "photo") == only_selfie


@given(some_codes)
def test_the_first_layer_is_the_first_in_the_programmes_order(given_codes):
    layers = [reasons.LAYERS.index(reasons.catalogue()[c].layer) for c in given_codes]
    expected = reasons.LAYERS[min(layers)] if layers else None
    assert reasons.first_layer(given_codes) == expected


@given(some_codes)
def test_reasons_are_ordered_and_said_once(given_codes):
    ordered = reasons.ordered(given_codes)
    assert ordered == [c for c in reasons.codes() if c in set(given_codes)]


@pytest.mark.parametrize("language", ["id", "en"])
@pytest.mark.parametrize("code", [*reasons.codes(), *reasons.warning_catalogue()])
def test_every_code_speaks_both_languages_in_whole_sentences(code, language):
    text = reasons.message(code, language)
    assert text.endswith(".")
    assert text[0] in string.ascii_uppercase
    assert "_" not in text
    assert len(text) <= 120


def test_messages_differ_between_codes_and_languages():
    codes = dict.fromkeys([*reasons.codes(), *reasons.warning_catalogue()])  # `shared_nik` is both
    texts = [reasons.message(c, lang) for c in codes for lang in ("id", "en")]
    assert len(texts) == len(set(texts))


#: Codes that only send to a person, and a word of what is said after that person refused.
REVIEW_ONLY = {
    "reference_missing": {"id": "belum dapat memastikan", "en": "could not confirm"},
    "same_person": {"id": "tidak dapat memastikan", "en": "could not confirm"},
    "reused_photo": {"id": "tidak dapat menerimanya", "en": "could not accept it"},
    "card_differs": {"id": "berbeda dari NIK", "en": "differs from"},
}


@pytest.mark.parametrize("code", REVIEW_ONLY)
@pytest.mark.parametrize("language", ["id", "en"])
def test_who_was_refused_by_an_officer_does_not_read_that_an_officer_will_look(code, language):
    waiting = reasons.message(code, language)
    refused = reasons.messages([code], language)
    assert refused != waiting
    assert REVIEW_ONLY[code][language] in refused
    assert refused.endswith(".")
    assert len(refused) <= 160


@given(some_codes)
def test_every_other_code_says_the_same_whatever_the_outcome(given_codes):
    for code in set(given_codes) - {*REVIEW_ONLY, "shared_nik"}:
        assert reasons.message(code, "en", "rejected") == reasons.message(code, "en", "review")
