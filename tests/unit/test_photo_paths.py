"""Paths of photographs that lead out of their folder: said, and not taken for bad photographs."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.commands.common.photo_pairs import say_outside


@pytest.mark.parametrize(
    ("paths", "said"),
    [
        (["a.jpg", "b/c.jpg", None, ""], ""),
        (["/photos/a.jpg", "/photos/a.jpg"], "One photograph is named by a path outside the folder here"),
        (["/photos/a.jpg", "../b.jpg", "c.jpg"], "2 photographs are named by a path outside the folder here"),
    ],
)
def test_paths_that_lead_out_of_the_folder_are_said(
    paths: list[str | None], said: str, capsys: pytest.CaptureFixture[str]
):
    say_outside(paths, Path("here"), "en")
    assert capsys.readouterr().err.startswith(said)
    assert not said or capsys.readouterr().out == ""
