"""Neural networks and the readers of their weight files. Pixels or tensors in, numbers out."""
