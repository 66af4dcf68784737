"""Which occupations are offices that exclude, as functions of a connection. The words are data (``rules.toml``).

The screening asks it of people, the checks of a whole register: so there is one definition of an office.
"""

from __future__ import annotations

import duckdb

from pipeline.screening.rulebook import lists
from pipeline.storage import duckdb_sql


def define_offices(db: duckdb.DuckDBPyConnection) -> None:
    """Defines the functions of ``sql/offices.sql`` in a connection."""
    duckdb_sql.run(db, "pipeline.screening", "sql/offices", {f"${name}": words for name, words in lists().items()})
