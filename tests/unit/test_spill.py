"""What DuckDB spills while a query runs: plain where nothing is sealed, unreadable where encryption is on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from pipeline.domain.settings import settings
from pipeline.storage import duckdb_sql

NAME = b"SITI AMINAH "
#: More than the memory that it may have, and nothing that could be packed.
MANY = f"CREATE TEMP TABLE t AS SELECT '{NAME.decode()}' || i || md5(i::VARCHAR) AS name, i FROM range(1000000) r(i)"


@pytest.fixture
def little_memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    monkeypatch.setenv("GELOMBANG_SCREENING__MEMORY_LIMIT", "30MB")
    monkeypatch.setenv("GELOMBANG_SCREENING__THREADS", "1")
    settings.cache_clear()
    yield monkeypatch
    monkeypatch.undo()
    settings.cache_clear()


@pytest.mark.parametrize("on", [False, True])
def test_what_is_spilled_holds_no_name_where_encryption_is_on(
    little_memory: pytest.MonkeyPatch, tmp_path: Path, on: bool
):
    little_memory.setenv("GELOMBANG_ENCRYPTION__AT_REST", str(on))
    settings.cache_clear()
    with duckdb_sql.connect(tmp_path) as db:
        db.execute(MANY)
        spilled = b"".join(path.read_bytes() for path in sorted((tmp_path / "tmp").rglob("*")) if path.is_file())
        assert len(spilled) > 10_000_000
        assert (NAME in spilled) is not on
        assert db.execute("SELECT count(*), sum(i), min(name) FROM t").fetchone() == (
            1_000_000, 499_999_500_000, "SITI AMINAH 0cfcd208495d565ef66e7dff9f98764da",
        )  # fmt: skip


def test_a_question_about_a_few_rows_spills_nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.chdir(tmp_path)
    with duckdb_sql.connect_to_read() as db:
        db.execute("SET memory_limit = '30MB'")
        with pytest.raises(duckdb.OutOfMemoryException):
            db.execute(MANY)
    assert list(tmp_path.iterdir()) == []
