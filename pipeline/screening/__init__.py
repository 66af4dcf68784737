"""Layers 1 to 3: dated rules as data, their SQL beside them, every reason of every application in one pass."""
