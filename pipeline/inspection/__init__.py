"""Questions about a finished wave: is the draw right, why this decision, what differs between two runs."""
