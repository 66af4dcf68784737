"""Gelombang: wave by wave, who gets a place in Kartu Prakerja, and why.

The rooms, in the order in which a wave walks through them: ``ingest`` → ``screening`` → ``draw`` → ``selfie`` →
``decide`` → ``reports`` → ``publish``. A room reads the files of the rooms before it; nothing reaches back.
"""

__version__ = "0.3.0"
