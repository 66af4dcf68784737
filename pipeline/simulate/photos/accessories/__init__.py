"""Glasses, headgear and hair, drawn on a head in its own axes: the unit is the distance between the eyes."""
