"""One run of a wave: its plan, its rounds of selfies, and its manifest."""
