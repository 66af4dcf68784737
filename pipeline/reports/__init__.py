"""What people read of a wave: funnel, report, spreadsheet and notices.

Reads a run's folder (``work/wave-NNNN`` and its ``out/``), never the register or an extract; writes into ``out/``.
Nothing here decides anything, and nothing but the notices holds a row about one person.
"""
