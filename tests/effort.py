"""How hard Hypothesis tries: `make test` a little, `make test-all` (HYPOTHESIS_PROFILE=thorough) as hard as a night has
time for."""

from __future__ import annotations

import os

from hypothesis import settings

THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"
_TIMES = 20


def examples(ordinarily: int) -> settings:
    """Settings of a test that needs its own number of examples, because one of them costs much."""
    return settings(max_examples=ordinarily * (_TIMES if THOROUGH else 1), deadline=None)
