"""The reviewer's room: doubtful photographs one after the other on a local page, and what the reviewer decides.

Reads a finished wave; writes ``landing/wave-NNNN/reviews/``, which the next run takes in.
"""
