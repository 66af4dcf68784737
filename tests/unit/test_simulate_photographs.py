"""Rendered photographs: the same bytes on any number of workers, and each fault measurably there."""

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.domain.reasons import DEFECTS
from pipeline.simulate.faults import SELFIE_CODES
from pipeline.simulate.photos import (
    canvas,
    casting,
    face_facts,
    face_sources,
    photo_faults,
    photographs,
    portraits,
    scenes,
)
from pipeline.simulate.photos.photo_job import Job

pytestmark = pytest.mark.slow

FOLDER = Path(os.environ.get("GELOMBANG_FACES", Path(__file__).parents[3] / "shared" / "faces")) / "lfw"
needs_faces = pytest.mark.skipif(not FOLDER.is_dir(), reason="no photographs of faces here")


@pytest.fixture(scope="module")
def few(tmp_path_factory) -> Path:
    """A folder with three people of two photographs each."""
    folder = tmp_path_factory.mktemp("faces")
    for person in (4, 30, 44):
        for k in (0, 1):
            name = f"{person:04d}_{k}.jpg"
            (folder / name).symlink_to((FOLDER / name).resolve())
    return folder


@pytest.fixture(scope="module")
def face(few) -> face_sources.Portrait:
    found = face_sources.portrait(face_sources.people(few)[0][0])
    assert found is not None
    return found


def decode(data: bytes) -> np.ndarray | None:
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)


def jobs(folder: Path, count: int = 40) -> list[Job]:
    kinds = (None, *SELFIE_CODES)
    return [
        Job(n, n * 7, n % 2 == 0, kinds[n % len(kinds)], folder / "s" / f"{n}.jpg", folder / "p" / f"{n}.jpg")
        for n in range(count)
    ]


@needs_faces
@pytest.mark.slow
def test_any_number_of_workers_gives_the_same_bytes(few, tmp_path):
    made = []
    for workers in (1, 2):
        folder = tmp_path / str(workers)
        rendered = photographs.render(3, jobs(folder), few, workers, lambda _: None)
        assert rendered.counts.total() == len(rendered.shown) == 40
        made.append({p.relative_to(folder): p.read_bytes() for p in folder.rglob("*.jpg")})
    assert made[0] == made[1]
    whole = [data for data in made[0].values() if len(data) > 400]  # broken uploads may be alike
    assert len(set(whole)) == len(whole) > 70


@needs_faces
def test_each_fault_changes_the_picture_as_its_name_says(face):
    def shot(fault):
        return decode(portraits.selfie(face, face, fault, np.random.default_rng(5)))

    plain = shot("reference_missing")  # nothing wrong with the selfie itself
    assert cv2.Laplacian(shot("blur"), cv2.CV_64F).var() < cv2.Laplacian(plain, cv2.CV_64F).var() / 4
    assert shot("dark").mean() < plain.mean() * 0.75
    for fault in ("glasses", "hat", "ears_hidden"):
        other = shot(fault)
        assert np.abs(other.astype(int) - plain).mean() > 1.5, fault


@needs_faces
@pytest.mark.parametrize("turn", [-0.6, 0.0, 0.5])
def test_a_face_is_placed_as_asked(face, turn):
    scene = canvas.place(face, 240, 320, eyes=50, centre=(120, 140), turn=turn)
    right, left = (scene.points[33] + scene.points[133]) / 2, (scene.points[362] + scene.points[263]) / 2
    assert np.allclose((right + left) / 2, (120, 140), atol=0.5)
    assert np.arctan2(left[1] - right[1], left[0] - right[0]) == pytest.approx(turn, abs=0.01)


def test_a_tilt_is_never_marginal():
    angles = [abs(np.degrees(photo_faults.tilt(np.random.default_rng(k)))) for k in range(200)]
    assert min(angles) >= 20
    assert max(angles) <= 40


def test_a_broken_upload_is_no_picture():
    whole = portraits.encode(scenes.without_face(240, 320, np.random.default_rng(1)), np.random.default_rng(1))
    assert decode(whole) is not None
    for k in range(12):
        broken = scenes.unreadable(whole, np.random.default_rng(k))
        assert len(broken) < 400
        assert not broken or decode(broken) is None


def test_people_are_read_from_either_layout(tmp_path):
    for name in ("0001_0.jpg", "0001_1.jpg", "0002_0.jpg", "Ani/a.jpg", "Ani/b.png", "notes.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    assert [len(sources) for sources in face_sources.people(tmp_path)] == [2, 1, 2]


def test_every_packaged_face_is_labelled():
    """A face that is not would be called faultless, and its own defects false finds."""
    people = face_sources.people(None)
    assert [source.facts.shows for sources in people for source in sources].count(None) == 0
    assert {code for shows in face_facts.labels().values() for code in shows} <= set(DEFECTS)


@pytest.fixture
def listed(tmp_path) -> Path:
    """A folder of six people in two groups, their table beside it, one person in none."""
    folder = tmp_path / "faces"
    folder.mkdir()
    for person in range(7):
        (folder / f"{person:04d}_0.jpg").touch()
    (tmp_path / "lfw_groups.csv").write_text(
        "person,group\n" + "".join(f"{n:04d},{'asian' if n < 3 else 'other'}\n" for n in range(6))
    )
    (tmp_path / "groups.csv").write_text("path,set,group,sex,age,lfw_person\ngroups/lfw_1.jpg,lfw,asian,P,,1\n")
    return folder


def test_groups_of_people_are_read_from_the_tables_beside_a_folder(listed):
    facts = [sources[0].facts for sources in face_sources.people(listed)]
    assert [f.group for f in facts] == ["asian"] * 3 + ["other"] * 3 + [None]
    assert [f.sex for f in facts] == [None, "P"] + [None] * 5
    assert all(f.shows is None for f in facts)


def test_a_folder_of_one_photograph_a_person_takes_its_people_from_the_table(tmp_path):
    folder = tmp_path / "groups"
    folder.mkdir()
    for name in ("lfw_0.jpg", "lfw_1.jpg"):
        (folder / name).touch()
    rows = "groups/lfw_0.jpg,lfw,asian,L,,\ngroups/lfw_1.jpg,lfw,other,P,,\n"
    (tmp_path / "groups.csv").write_text("path,set,group,sex,age,lfw_person\n" + rows)
    assert [(s[0].facts.group, s[0].facts.sex) for s in face_sources.people(folder)] == [("asian", "L"), ("other", "P")]


def test_an_impostor_is_of_the_applicants_own_group_where_that_is_known(listed, monkeypatch):
    monkeypatch.setattr(face_sources, "portrait", lambda source: source)
    people = face_sources.people(listed)
    for n in range(60):
        job = Job(n, n, False, "face_mismatch", listed, None)
        made = casting.cast(1, job, people)
        assert made.stranger is not None
        own, other = made.register.source, made.stranger.source
        assert own.path != other.path
        assert own.facts.group in (None, other.facts.group)
        assert casting.shown(made, "face_mismatch") == casting.Shown(own.facts, other.facts)


@pytest.mark.parametrize("fault", ["selfie_missing", "selfie_unreadable", "no_face"])
def test_a_selfie_without_a_face_shows_nobody(fault, listed, monkeypatch):
    monkeypatch.setattr(face_sources, "portrait", lambda source: source)
    made = casting.cast(1, Job(1, 1, False, fault, listed, None), face_sources.people(listed))
    assert casting.shown(made, fault).selfie is None


@needs_faces
@pytest.mark.slow
def test_what_a_killed_run_rendered_is_not_rendered_again(few, tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    for folder in (whole, killed):
        first = photographs.render(3, jobs(folder), few, 1, lambda _: None)
    lost = {path for n, path in enumerate(sorted(killed.glob("s/*.jpg"))) if n % 3 == 0}
    for path in lost:
        path.unlink()
    (killed / "s" / ".7.jpg.part").write_bytes(b"in flight")
    left = {path: path.stat().st_mtime_ns for path in killed.glob("s/*.jpg")}
    again = photographs.render(3, jobs(killed), few, 1, lambda _: None, resumed=True)
    assert again == first
    assert {path: path.stat().st_mtime_ns for path in left} == left
    for path in whole.rglob("*.jpg"):
        assert (killed / path.relative_to(whole)).read_bytes() == path.read_bytes()
