"""How files are kept: paths below the data root, whole writes, remote stores, the wave lock, DuckDB."""
