"""A rendered scarf covers what a scarf covers, and leaves the face."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.selfie.defects.defect_scores import look
from pipeline.selfie.detection.face_finder import find
from tools.selfie.scarf import draped

data = pytest.importorskip("skimage.data")


@pytest.mark.parametrize("seed", range(4))
def test_a_rendered_scarf_hides_hair_and_ears_and_not_the_face(seed):
    picture = data.astronaut()
    mesh = find(picture).mesh
    assert mesh is not None
    made = draped(picture, mesh, np.random.default_rng(seed))
    changed = np.abs(made.astype(int) - picture).sum(2) > 30
    for spot in (1, 33, 263, 61, 291):  # nose, eyes, mouth
        x, y = mesh.points[spot, :2].astype(int)
        assert not changed[y - 2 : y + 3, x - 2 : x + 3].any()
    for spot in (234, 454):  # where the face ends, and hair and ear begin
        x, y = (mesh.points[spot, :2] + 0.1 * (mesh.points[spot, :2] - mesh.points[1, :2])).astype(int)
        assert changed[y, x]
    again = find(made).mesh
    assert again is not None
    assert np.abs(again.points[[33, 263, 1], :2] - mesh.points[[33, 263, 1], :2]).max() < 8
    [scores] = look([(made, again)])
    assert scores.scarf is not None
    assert scores.scarf > 0.1 > (look([(picture, mesh)])[0].scarf or 0)  # by a classifier that knows real ones
