"""Neural networks and the readers of their weight files. Pixels or tensors in, numbers out."""

import sys

# OpenVINO tells Google Analytics of every import, unasked, where this package of its own can be imported: it cannot.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
