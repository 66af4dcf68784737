"""A setting that cannot be used is one clear message that names its variable."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pipeline.domain.errors import BadSettingError
from pipeline.domain.settings import settings


@pytest.fixture(autouse=True)
def _anew() -> Iterator[None]:
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("GELOMBANG_SHARDS", "abc"),
        ("GELOMBANG_SHARDS", "0"),
        ("GELOMBANG_LANGUAGE", "xx"),
        ("GELOMBANG_REVIEW__SECOND", "maybe"),
        ("GELOMBANG_CHECKS__MAX_NULL_SHARE", "2"),
    ],
)
def test_the_variable_is_named(variable: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(BadSettingError, match=f"{variable}: .*{value}"):
        settings()


def test_a_list_that_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GELOMBANG_APPROVERS", "sari")
    with pytest.raises(BadSettingError, match="approvers"):
        settings()
