"""Neural networks and the readers of their weight files. Pixels or tensors in, numbers out."""

import sys

# OpenVINO reports every import to Google Analytics if this package of its own can be imported. So it cannot be
# imported.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
