"""What was planted in a simulated wave, and what the pipeline must therefore decide."""
