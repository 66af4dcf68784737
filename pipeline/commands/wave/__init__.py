"""Commands about a wave: made, checked, opened, run, and where it stands."""
