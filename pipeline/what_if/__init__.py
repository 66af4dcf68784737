"""What if: a finished wave drawn a thousand times, under its own rules and under others."""
