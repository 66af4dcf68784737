"""The interval of a share, for every room that publishes one."""

from __future__ import annotations

from math import sqrt

#: Two-sided 95 %.
Z = 1.959963984540054


def wilson(passed: int, of: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share (Wilson 1927); (0, 1) when there are no people."""
    if of == 0:
        return 0.0, 1.0
    share = passed / of
    centre = share + Z * Z / (2 * of)
    spread = Z * sqrt(share * (1 - share) / of + Z * Z / (4 * of * of))
    scale = 1 + Z * Z / of
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)
