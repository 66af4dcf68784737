"""One person planted under several numbers: everybody planted has a host, and the truth names both sides."""

from __future__ import annotations

import numpy as np

from pipeline.simulate.faults import SELFIE_CODES
from pipeline.simulate.photos import scenes
from pipeline.simulate.shared_faces import REUSED, SAME, plant


def drawn(n: int = 400, seed: int = 3) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    fault = rng.choice([-1, SAME, REUSED, SELFIE_CODES.index("blur")], n, p=[0.8, 0.07, 0.07, 0.06])
    return np.ones(n, bool), rng.permutation(n), fault, rng.permutation(10 * n)[:n]


def test_everybody_planted_has_the_face_of_a_host_without_a_fault():
    wanted, turn, fault, person = drawn()
    shared = plant(7, wanted, turn, fault, person, faces=True)
    planted = np.flatnonzero(np.isin(fault, (SAME, REUSED)))
    owner = {int(p): at for at, p in enumerate(person)}
    for at in planted:
        host = owner[int(shared.face[at])]
        assert fault[host] == -1
        assert host != at
        bit = 1 << (REUSED if fault[at] == REUSED else SAME)
        assert shared.planted[at] & bit
        assert shared.planted[host] & bit
        assert shared.copy_of[at] == (host if fault[at] == REUSED else -1)
    numbers = np.bincount(shared.face[planted])
    assert numbers.max() > 1  # now and then three numbers or more
    rest = np.setdiff1d(np.arange(len(person)), planted)
    assert (shared.face[rest] == person[rest]).all()


def test_a_wave_that_compares_no_faces_expects_none_found():
    wanted, turn, fault, person = drawn()
    shared = plant(7, wanted, turn, np.where(fault == SAME, -1, fault), person, faces=False)
    assert not (shared.planted & (1 << SAME)).any()
    assert (shared.planted & (1 << REUSED)).any()


def test_nobody_is_planted_where_nobody_can_be_a_host():
    wanted, turn, fault, person = drawn()
    shared = plant(7, wanted, turn, np.full_like(fault, SAME), person, faces=True)
    assert not shared.planted.any()
    assert (shared.face == person).all()


def test_half_of_the_copies_are_the_file_itself():
    import cv2

    noise = np.random.default_rng(1).integers(0, 255, (40, 30, 3), dtype=np.uint8)
    picture = cv2.imencode(".jpg", cv2.resize(noise, (240, 320), interpolation=cv2.INTER_CUBIC))[1].tobytes()
    made = [scenes.copied(picture, np.random.default_rng(n)) for n in range(40)]
    assert 10 < sum(data == picture for data in made) < 30
