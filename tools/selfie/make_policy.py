"""Writes the built-in policy of the default recogniser: thresholds from the folder of photographs, by the worst group.

Run it as ``python -m tools.selfie.make_policy FACES``; it prints the rates of every group.
"""

from __future__ import annotations

import sys
from pathlib import Path

from pipeline.selfie.calibration import calibrate
from pipeline.selfie.calibration_report import policy_text, summary
from pipeline.selfie.policy import BUILT_IN, SelfiePolicy
from pipeline.selfie.recogniser import DEFAULT, recogniser
from pipeline.storage import files
from tools.selfie.group_pairs import LIMITS, by_group

FALSE_MATCHES = 0.001
SOURCE = "LFW, CelebA and UTKFace, strangers paired within their set, group and sex"


def main(faces: Path) -> None:
    """Measures, prints and writes ``policies/GelombangSFace.toml``; operating points of defects stay as they are."""
    path = BUILT_IN / f"{DEFAULT}.toml"
    result = calibrate(by_group(faces, recogniser(DEFAULT)), FALSE_MATCHES, LIMITS)
    print(summary(result))
    files.write_text(policy_text(result, SelfiePolicy.load(path), SOURCE, "tools/selfie/make_policy.py"), path)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
