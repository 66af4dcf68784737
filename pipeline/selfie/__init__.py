"""The selfie room: decode, find the face, compare with the register's photograph, name the defects."""
