"""The documents about a wave: funnel, report, spreadsheet and notices.

Reads a run's folder (``work/wave-NNNN`` and its ``out/``), never the register or an extract; writes into ``out/``.
This package decides nothing. Only the notices have a row for each person.
"""
