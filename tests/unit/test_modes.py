"""What everybody may read, and what its owner alone."""

from __future__ import annotations

import os
from pathlib import Path

from pipeline.storage.modes import keep_private, make_public


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_what_is_made_is_private_until_it_is_made_public(tmp_path: Path):
    before = os.umask(0o022)
    try:
        keep_private()
        root = tmp_path / "data"
        public = root / "published" / "wave-0001" / "rev-1" / "public"
        (public / "more").mkdir(parents=True)
        for path in (public / "a.txt", public / "more" / "b.txt", public.parent / "cohort.parquet"):
            path.write_text("x")
        assert mode(public / "a.txt") == 0o600
        assert mode(public) == 0o700
        make_public(public, root)
    finally:
        os.umask(before)
    assert mode(public / "a.txt") == mode(public / "more" / "b.txt") == 0o644
    assert mode(public) == mode(public / "more") == 0o755
    assert {mode(folder) for folder in (public.parent, public.parents[1], public.parents[2])} == {0o711}
    assert mode(public.parent / "cohort.parquet") == 0o600
    assert mode(root) == 0o700
