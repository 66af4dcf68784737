"""The draw: the published list with its hashes, the order of the draw, and the allocation of seats."""
