"""A wave run by the command and published: no person and nothing that drives a terminal where the contract has none.

Walked file by file: everything below the data root that is not about people by ``layout.toml``, what was printed, and
Airflow's home: its database with what tasks hand on (XCom), and its logs.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.domain.contracts import REGISTRATIONS
from pipeline.domain.contracts.layout import place_of
from pipeline.domain.settings import settings
from tests.functional.conftest import gelombang, prepared, run
from tests.people_scan import People, drives, texts_of
from tests.prepared_process import Prepared
from tests.waves import three_waves

#: What somebody may write into an application to drive a terminal, a page, a spreadsheet or a reader.
HOSTILE = (
    "\x1b]0;OWNED\x07\x1b[2J", "\u202egnp.exe", "A\u200bB", "=HYPERLINK(1)", "<script>x</script>", "[red]B[/red]",
)  # fmt: skip


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Prepared, list[str], People]]:
    """The data root of a published wave, what Airflow has of it, what was printed, and who applied."""
    root = tmp_path_factory.mktemp("person")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GELOMBANG_STATE", str(root / "state"))
        settings.cache_clear()
        store = three_waves(root / "data", people=200)
        folder = store.landing(store.calendar().wave(1), "registrations")
        delivered = sorted(folder.glob("*.parquet"))
        [first, *_] = pq.read_table(delivered[0], partitioning=None).to_pylist()
        more = [
            {**first, "registration_id": id_, "full_name": f"{text} {first['full_name']}", "email": f"{text}@b.id"}
            for n, text in enumerate(HOSTILE)
            for id_ in (f"H{n}", f"{text}{n}")
        ]
        table = pa.Table.from_pylist([{name: row[name] for name in REGISTRATIONS.names} for row in more], REGISTRATIONS)
        pq.write_table(table, folder / "\x1b[31mhostile.parquet")
        people = People.of([*delivered, folder / "\x1b[31mhostile.parquet"], root.glob("data/extracts/population/*/*"))
        printed = [run(store.root, wave=1)]
        printed += [
            gelombang(*words, "--data", store.root)
            for words in (("publish", "1", "--decree", "SK-1"), ("history", "1"), ("audit", "1"), ("funnel", "1"))
        ]
        assert [one.code for one in printed] == [0] * len(printed), [one.text[-2000:] for one in printed if one.code]
        yield store.root, prepared(), [one.text for one in printed], people
    settings.cache_clear()


def test_the_scan_finds_people_where_they_are(ran) -> None:
    root, _, _, people = ran
    assert len(people.numbers) > 8000
    assert len(people.names) > 50
    assert len(people.phones) > 50
    notices = (root / "waves/wave-0001/notices.csv").read_text()
    assert {"a phone", "an address"} <= people.found_in(notices)
    cohort = pq.read_table(root / "waves/wave-0001/cohort.parquet", partitioning=None).to_pylist()
    assert people.found_in(str(cohort)) == {"a number", "a name"}
    assert drives("\x1b[2J")
    assert drives("a\u202eb")
    assert not drives("José,\t1\r\n")


def test_what_is_not_about_people_has_nobody_in_it_and_drives_nothing(ran) -> None:
    root, _, printed, people = ran
    scanned, found = 0, list[str]()
    for path in sorted(path for path in root.rglob("*") if path.is_file()):
        key = path.relative_to(root).as_posix()
        place = place_of(key)
        assert place is not None, key
        if place.about == "people" or key.startswith(("landing/", "extracts/")):
            continue
        scanned += 1
        for name, text in texts_of(path):
            found += [f"{key} ({name}): {what}" for what in sorted(people.found_in(text))]
            if path.suffix not in (".parquet", ".png", ".xlsx") and drives(text):
                found.append(f"{key} ({name}): a character that does something")
    found += [f"printed {n}: {what}" for n, text in enumerate(printed) for what in sorted(people.found_in(text))]
    found += [f"printed {n}: a character that does something" for n, text in enumerate(printed) if drives(text)]
    assert found == []
    assert scanned > 30


def test_airflows_database_its_xcom_and_its_logs_have_nobody(ran) -> None:
    _, airflow, _, people = ran
    with sqlite3.connect(airflow.database) as db:
        assert db.execute("SELECT count(*) FROM xcom").fetchall() != [(0,)]
    found = [
        f"{path.name}: {what}"
        for path in sorted(path for path in (airflow.database, *airflow.home.rglob("*")) if path.is_file())
        for _, text in texts_of(path)
        for what in sorted(people.found_in(text))
    ]
    assert found == []
