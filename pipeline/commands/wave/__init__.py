"""Commands about a wave: simulate, check, open and run it, and show its state."""
