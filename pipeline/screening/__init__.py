"""Layers 1 to 3: dated rules as data, their SQL, every reason of every application in one pass."""
