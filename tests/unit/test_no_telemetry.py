"""OpenVINO tells nobody that it is used: no address is asked, nothing is written to the user's home."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def test_an_import_of_openvino_leaves_no_trace(tmp_path: Path) -> None:
    code = "import pipeline.selfie.networks, openvino, sys; print(sys.modules['openvino_telemetry'])"
    environment = {**{k: v for k, v in os.environ.items() if k != "CI"}, "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=300, check=True
    )
    assert done.stdout.strip() == "None"
    assert list(tmp_path.iterdir()) == []
