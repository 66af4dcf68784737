"""The reviewer's room: a local page that shows doubtful photographs one by one, and takes the reviewer's decisions.

Reads a finished wave; writes ``landing/wave-NNNN/reviews/``, which the next run takes in.
"""
