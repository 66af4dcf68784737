"""Where things are on an identity card (KTP, format ID-1), as shares of its width and height. Pure numbers."""

from __future__ import annotations

from dataclasses import dataclass

#: Width over height of format ID-1.
RATIO = 85.6 / 53.98


@dataclass(frozen=True)
class Box:
    """A rectangle on the card: shares of the width (``x``) and of the height (``y``)."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def corners(self) -> list[tuple[float, float]]:
        """From the upper left, clockwise."""
        return [(self.x0, self.y0), (self.x1, self.y0), (self.x1, self.y1), (self.x0, self.y1)]


CARD = Box(0, 0, 1, 1)
PORTRAIT = Box(0.735, 0.20, 0.955, 0.69)
#: The sixteen digits of the number, from edge to edge.
NUMBER = Box(0.235, 0.205, 0.655, 0.263)
DIGITS = 16
#: What is looked for on a card that lies level: its corners, its portrait's, and the two ends of the number.
POINTS = (
    *CARD.corners,
    *PORTRAIT.corners,
    (NUMBER.x0, (NUMBER.y0 + NUMBER.y1) / 2),
    (NUMBER.x1, (NUMBER.y0 + NUMBER.y1) / 2),
)
