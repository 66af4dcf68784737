"""A pair of photographs against DeepFace.verify: same photographs, same run, one core.

Figures are printed; what is asserted are ratios and bounds of memory, never seconds.
"""

from __future__ import annotations

import csv
import json
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import psutil
import pytest

from pipeline.domain.settings import settings
from pipeline.selfie.policy import SelfiePolicy
from pipeline.selfie.verify import PhotoPair, verify_pairs
from pipeline.selfie.worker_pool import ONE_THREAD
from tests.bench.measure import measure
from tests.faces import FACES

#: One pair in so many shows two people: 6 % of wave 1's selfies.
STRANGER = 16
#: Ours and the peer in turn, so often: a slow minute of the machine must not count for one of them alone.
ROUNDS = 3
SIZES = {"480 px": (360, 480), "1080×1440": (1080, 1440), "12 MP": (3000, 4000)}


def portrait(name: str) -> np.ndarray:
    picture = cv2.imread(str(FACES / name))
    assert picture is not None, name
    return picture


def sources(pairs: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Portraits to make photographs of, as a wave has them: two photographs of one person, and a stranger's in one pair
    of ``STRANGER``. From the folder of faces, else the one that ships in a package."""
    people: dict[str, list[str]] = {}
    if FACES.is_dir():
        for row in csv.DictReader((FACES / "celeba.csv").open()):
            people.setdefault(row["person"], []).append(row["path"])
    several = [paths for paths in people.values() if len(paths) > 1][:pairs]
    if several:
        names = [(one, several[(i + (i % STRANGER == 0)) % len(several)][1]) for i, (one, *_) in enumerate(several)]
        return [(portrait(one), portrait(other)) for one, other in names]
    from skimage import data

    packaged = data.astronaut()[:440, 60:400, ::-1]
    return [(packaged, packaged)]


def photographs(folder: Path, size: tuple[int, int], pairs: int) -> Path:
    """Selfies and references at a size, no two the same file."""
    folder.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(7)
    faces = sources(pairs)
    for i in range(pairs):
        for role, face in zip("sr", faces[i % len(faces)], strict=True):
            width, height = size
            scale = max(width / face.shape[1], height / face.shape[0])
            large = cv2.resize(face, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
            top, left = (large.shape[0] - height) // 2, (large.shape[1] - width) // 2  # cut at a side, a face is lost
            large = large[top : top + height, left : left + width]
            grain = noise.integers(-6, 7, (height // 4, width // 4, 3), dtype=np.int16)
            grainy = large.astype(np.int16) + cv2.resize(grain, (large.shape[1], large.shape[0]))
            picture = np.clip(grainy, 0, 255).astype(np.uint8)
            cv2.imwrite(str(folder / f"{role}{i:03d}.jpg"), picture, [cv2.IMWRITE_JPEG_QUALITY, 88])
    return folder


def figures(which: str, folder: Path, pairs: int) -> dict[str, float]:
    """The bench's figures from a process of its own on one core."""
    script = str(Path(__file__).with_name("selfie_speed.py"))
    command = ["taskset", "-c", "0", sys.executable, script, which, str(folder), str(pairs)]
    root = str(Path(__file__).resolve().parents[2])
    output = measure(command, **{**ONE_THREAD, "PYTHONPATH": root, "DEEPFACE_LOG_LEVEL": "50"}).output
    return json.loads(output[output.rindex("JSON") + 4 :])


def least(runs: list[dict[str, float]]) -> dict[str, float]:
    """The least of each figure: what else the machine did can only have made a run slower."""
    return {name: min(run[name] for run in runs) for name in runs[0]}


@pytest.mark.parametrize("name", SIZES)
def test_a_pair_against_deepface(tmp_path, name):
    folder = photographs(tmp_path, SIZES[name], 48)
    rounds = [(figures("ours", folder, 48), figures("deepface", folder, 6)) for _ in range(ROUNDS)]
    mine, theirs = (least([both[i] for both in rounds]) for i in (0, 1))
    ratio = theirs["pair_ms"] / mine["pair_ms"]
    print(f"\n{name}: DeepFace.verify {theirs['pair_ms']:.0f} ms a pair, ours {mine['pair_ms']:.1f} ms: {ratio:.0f}×")
    print(
        f"  floor (decode + detector + embedder) {mine['floor_ms']:.1f} ms a pair, we are at "
        f"{mine['pair_ms'] / mine['floor_ms']:.2f}×"
    )
    for stage, value in mine.items():
        if stage.startswith("stage"):
            print(f"  {stage[6:]:<26}{value:6.1f} ms a photograph")
    if name == "1080×1440":
        assert ratio >= 60
        assert mine["pair_ms"] <= 2 * mine["floor_ms"]


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> Path:
    return photographs(tmp_path_factory.mktemp("small"), SIZES["480 px"], 100)


def verify(folder: Path, count: int, workers: int) -> float:
    pairs = [PhotoPair(f"s{i % 100:03d}.jpg", f"r{(i * 7 + i // 100) % 100:03d}.jpg") for i in range(count)]
    begun = time.perf_counter()
    verify_pairs(pairs, selfies=folder, photos=folder, policy=SelfiePolicy.default(settings()), workers=workers)
    return time.perf_counter() - begun


def test_two_workers_against_one(small):
    for workers in (1, 2):
        verify(small, 64 * workers, workers)  # models are loaded
    one, two = (min(verify(small, 1200, workers) for _ in range(2)) for workers in (1, 2))
    print(f"\n1,200 pairs: one worker {one:.1f} s, two {two:.1f} s: {one / two:.2f}×")
    assert one / two >= 1.8


def peak_mb(process: int) -> float:
    """The most that a process has held, MB: what loading took for a moment counts."""
    [line] = [line for line in Path(f"/proc/{process}/status").read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024 / 1e6


def test_memory_is_flat_over_20_000_photographs(small):
    peaks = []
    for _ in range(5):
        verify(small, 2_000, 1)
        workers = psutil.Process().children(recursive=True)  # those of the test before are still there, idle
        peaks.append(max(peak_mb(worker.pid) for worker in workers))
    print("\npeak memory of a worker after each 4,000 photographs:", " ".join(f"{p:.0f} MB" for p in peaks))
    assert max(peaks) <= 1_200
    assert peaks[-1] <= peaks[0] * 1.05
