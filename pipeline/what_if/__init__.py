"""What-if analysis: a finished wave drawn a thousand times, under its own rules and under others."""
