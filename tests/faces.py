"""Where the folder of labelled photographs lies, for the tests that need real faces."""

from __future__ import annotations

import os
from pathlib import Path

FACES = Path(os.environ.get("GELOMBANG_FACES", Path(__file__).resolve().parents[1].parent / "shared" / "faces"))
