"""The figures of the speed bench, taken in one process with one thread; prints JSON. Run by test_selfie_speed.py."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np


def seconds(work: Callable[[], object], times: int = 1) -> float:
    """CPU seconds of this process, which has one thread on one core; the best of so many runs: what else the machine
    did can only have made a run slower."""
    best = float("inf")
    for _ in range(times):
        begun = time.process_time()
        work()
        best = min(best, time.process_time() - begun)
    return best


def ours(folder: Path, pairs: int) -> dict[str, float]:
    """Milliseconds a pair of the whole path, and of the bare sum of decode, detector and embedder."""
    from pipeline.domain.settings import settings
    from pipeline.selfie import align
    from pipeline.selfie.decode import decode
    from pipeline.selfie.defects.defect_scores import look
    from pipeline.selfie.detection.detector import detect
    from pipeline.selfie.detection.face_finder import find
    from pipeline.selfie.measure import Measurer, Roots
    from pipeline.selfie.networks import sface
    from pipeline.selfie.recogniser import DEFAULT, recogniser
    from pipeline.selfie.verdict import PhotoPair

    own = settings().selfie
    model = recogniser(DEFAULT)
    measurer = Measurer(model, own, None)
    jobs = [PhotoPair(f"s{i:03d}.jpg", f"r{i:03d}.jpg") for i in range(pairs)]
    roots = Roots(folder, folder)
    measurer.measure(jobs[:16], roots)  # models are loaded, graphs are built
    whole = seconds(lambda: [measurer.measure(jobs[i : i + 16], roots) for i in range(0, pairs, 16)], 2) / pairs

    data = [(folder / f"s{i:03d}.jpg").read_bytes() for i in range(pairs)]
    pictures = [decode(d, own.max_pixels, own.detect_side).pixels for d in data]
    found = [find(p) for p in pictures]
    seen = zip(pictures, found, strict=True)
    faces = [(p, f.mesh) for p, f in seen if f.main is not None and f.mesh is not None]
    chips = np.stack([align.sface_chip(p, mesh.points) for p, mesh in faces])
    stages = {
        "decode": seconds(lambda: [decode(d, own.max_pixels, own.detect_side) for d in data], 2),
        "find (detector and mesh)": seconds(lambda: [find(p) for p in pictures], 2),
        "describe (align and embed)": seconds(lambda: model.describe(faces), 2),
        "defects": seconds(lambda: look(faces), 2),
    }
    detector = seconds(lambda: [detect(p) for p in pictures], 2)
    embedder = seconds(lambda: sface.embed(chips), 2)
    return {
        "pair_ms": whole * 1000,
        "floor_ms": (stages["decode"] + detector + embedder) / pairs * 2000,
        **{f"stage {name}": value / pairs * 1000 for name, value in stages.items()},
    }


def deepface(folder: Path, pairs: int) -> dict[str, float]:
    """Milliseconds a pair of DeepFace.verify with dlib's network and its opencv detector."""
    from deepface import DeepFace

    from pipeline.selfie.networks.deepface_model import DLIB, register

    register()

    def verify(i: int) -> object:
        return DeepFace.verify(
            str(folder / f"s{i:03d}.jpg"),
            str(folder / f"r{i:03d}.jpg"),
            model_name=DLIB,
            detector_backend="opencv",
            enforce_detection=False,
        )

    verify(0)
    return {"pair_ms": seconds(lambda: [verify(i) for i in range(pairs)]) / pairs * 1000}


if __name__ == "__main__":
    cv2.setNumThreads(1)  # the environment tells all others (ONE_THREAD)
    which, where, count = sys.argv[1:]
    print("JSON" + json.dumps({"ours": ours, "deepface": deepface}[which](Path(where), int(count))))
