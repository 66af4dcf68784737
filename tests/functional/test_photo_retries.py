"""A refusal for the photograph alone, answered across three waves, end to end with real photographs."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.domain import contracts
from pipeline.storage.files import read_json, read_table, write_table, write_text
from pipeline.storage.paths import Store
from tests.waves import CALENDAR, publish, run_wave

INSIDE = {2: "2020-04-21T10:00:00", 3: "2020-04-28T10:00:00"}


@dataclass
class Country:
    """A data root in which waves are run, and photographs are sent again."""

    store: Store

    def run(self, wave: int) -> None:
        publish(run_wave(self.store.root, wave))

    def out(self, wave: int, name: str) -> dict[str, dict[str, Any]]:
        rows = read_table(self.store.root / f"waves/wave-{wave:04d}/{name}.parquet").to_pylist()
        return {row["registration_id"]: row for row in rows}

    def send(self, wave: int, *rows: tuple[str, int, str | None]) -> None:
        """Re-uploads of a wave: (application, its wave, a file below ``selfies``)."""
        at = INSIDE[wave]
        table = [{"registration_id": i, "from_wave": w, "submitted_at": at, "selfie": s} for i, w, s in rows]
        folder = self.store.landing(self.store.calendar().wave(wave), "reuploads")
        folder.mkdir(parents=True, exist_ok=True)
        pacsv.write_csv(pa.Table.from_pylist(table), folder / "portal.csv")

    def photograph(self, wave: int, name: str, content: bytes) -> str:
        path = self.store.landing(self.store.calendar().wave(wave), "selfies") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return name


@pytest.fixture(scope="module")
def country(tmp_path_factory: pytest.TempPathFactory) -> Country:
    data = tmp_path_factory.mktemp("retries") / "data"
    options = ["--registrations", "1500", "--population", "20000", "--quota", "60", "--seed", "5"]
    done = CliRunner().invoke(app, ["simulate", str(data), "--wave", "1", *options])
    assert done.exit_code == 0, done.output
    store = Store.at(data)
    calendar = CALENDAR.replace('selfie = "off"', 'selfie = "after_draw"').replace("refill = true", "")
    calendar = calendar.replace("[defaults]", '[defaults]\nsame_person = "off"')  # old pictures are sent again
    write_text(calendar.replace("quota = 40", "quota = 60"), data / "calendar.toml")
    country = Country(store)
    country.run(1)
    waiting = sorted(country.out(1, "reserve"))[:6]  # somebody has to register in the waves after
    first = pq.read_table(store.work(store.calendar().wave(1)) / "registrations.parquet").to_pylist()
    for wave in (2, 3):
        new = [
            {**row, "registration_id": f"new-{wave}-{row['registration_id']}", "selfie": None}
            for row in first
            if row["registration_id"] in waiting
        ]
        table = pa.Table.from_pylist(new, schema=contracts.REGISTRATIONS)
        write_table(
            table,
            store.landing(store.calendar().wave(wave), "registrations") / "portal.parquet",
            contracts.REGISTRATIONS,
        )
    return country


def test_who_failed_only_the_photograph_comes_back_until_it_passes(country: Country) -> None:
    store, first = country.store, country.out(1, "decisions")
    photos = {
        r["registration_id"]: r["reference"]
        for r in read_table(store.root / "work/wave-0001/drawn.parquet").to_pylist()
    }
    known = [
        i for i in sorted(country.out(1, "retries")) if photos[i] and (store.extract("photos") / photos[i]).is_file()
    ]
    good, bad, listed = known[:3]
    applications = {
        r["registration_id"]: r for r in read_table(store.root / "work/wave-0001/registrations.parquet").to_pylist()
    }
    taken = next(i for i, d in sorted(first.items()) if d["outcome"] == "accepted")
    data_fault = next(i for i, d in sorted(first.items()) if d["retry"] == "data")
    final = next(i for i, d in sorted(first.items()) if d["outcome"] == "rejected" and d["retry"] == "none")
    kept = next(iter(sorted(country.out(1, "reserve"))))

    def portrait(of: str) -> bytes:
        return (store.extract("photos") / photos[of]).read_bytes()

    # since then one of them was blacklisted: the new wave's extracts say so
    old = max((store.root / "extracts/blacklist").glob("asof=*/*.parquet"))
    more = pa.table({"nik": [first[listed]["nik"]], "reason": ["data ganda"], "since": [date(2020, 4, 20)]})
    whole = pa.concat_tables(
        [pq.read_table(old, partitioning=None).cast(contracts.BLACKLIST), more.cast(contracts.BLACKLIST)]
    )
    write_table(whole, store.root / "extracts/blacklist/asof=2020-04-22/part-000.parquet", contracts.BLACKLIST)

    country.send(
        2,
        (good, 1, country.photograph(2, "good.jpg", portrait(good))),
        (bad, 1, country.photograph(2, "bad.jpg", b"this is no photograph")),
        (listed, 1, country.photograph(2, "listed.jpg", portrait(listed))),
        (taken, 1, "x.jpg"), (data_fault, 1, "x.jpg"), (final, 1, "x.jpg"), (kept, 1, "x.jpg"), ("nobody", 1, "x.jpg"),
        (good, 1, country.photograph(2, "older.jpg", b"sent before")),
    )  # fmt: skip
    country.run(2)
    told = read_table(store.root / "waves/wave-0002/reuploads.parquet").to_pylist()
    problems = {(r["registration_id"], r["selfie"]): r["problem"] for r in told}
    assert problems == {
        (good, "good.jpg"): None, (good, "older.jpg"): "sent_again", (bad, "bad.jpg"): None,
        (listed, "listed.jpg"): None,
        (taken, "x.jpg"): "accepted_before", (data_fault, "x.jpg"): "not_photo_only",
        (final, "x.jpg"): "not_photo_only",
        (kept, "x.jpg"): "not_refused", ("nobody", "x.jpg"): "unknown_application",
    }  # fmt: skip
    assert all((r["problem"] is None) == (r["message_id"] is None) for r in told)
    second = country.out(2, "decisions")
    assert second[good]["outcome"] == "accepted"
    assert (second[bad]["outcome"], second[bad]["reasons"], second[bad]["retry"]) == (
        "rejected",
        ["selfie_unreadable"],
        "photo",
    )
    assert (second[listed]["reasons"], second[listed]["retry"]) == (["blacklisted"], "none")
    assert {second[i]["from_wave"] for i in (good, bad, listed)} == {1}
    again = {
        r["registration_id"]: r for r in read_table(store.root / "work/wave-0002/registrations.parquet").to_pylist()
    }
    changed = {"submitted_at", "selfie", "from_wave"}
    for id_ in (good, bad, listed):  # its data untouched
        assert {k: v for k, v in again[id_].items() if k not in changed} == {
            k: v for k, v in applications[id_].items() if k not in changed
        }

    country.send(
        3,
        (bad, 1, country.photograph(3, "better.jpg", portrait(bad))),
        (good, 1, "x.jpg"), (listed, 2, "x.jpg"),
    )  # fmt: skip
    country.run(3)
    third = read_table(store.root / "waves/wave-0003/reuploads.parquet").to_pylist()
    assert {r["registration_id"]: r["problem"] for r in third} == {
        bad: None, good: "accepted_before", listed: "not_photo_only",
    }  # fmt: skip
    assert country.out(3, "decisions")[bad]["outcome"] == "accepted"
    ledger = read_table(store.root / "published/wave-0003/rev-1/ledger.parquet").to_pylist()
    holds = {row["registration_id"]: row["wave"] for row in ledger}
    assert (holds[good], holds[bad]) == (2, 3)
    assert listed not in holds
    assert read_json(store.root / "waves/wave-0002/funnel.json")["registrations"] == len(second)


def test_the_list_of_those_who_may_try_again_holds_no_person(country: Country, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["retries", "1", str(tmp_path / "list.csv"), "--data", str(country.store.root)])
    assert done.exit_code == 0, done.output
    lines = (tmp_path / "list.csv").read_text().splitlines()
    assert lines[0] == "registration_id,from_wave,reasons"
    may, accepted = country.out(1, "retries"), set()
    for wave in (2, 3):
        accepted |= {i for i, d in country.out(wave, "decisions").items() if d["outcome"] == "accepted"}
    assert {line.split(",")[0] for line in lines[1:]} == set(may) - accepted
    assert not any(row["nik"] in "".join(lines) for row in may.values())


def test_a_missing_landing_folder_of_an_old_wave_is_not_needed(country: Country) -> None:
    """What a wave needs to take people back lies with the outputs of the waves before."""
    shutil.rmtree(country.store.root / "landing" / "wave-0001")
    shutil.rmtree(country.store.root / "work" / "wave-0001")
    before = country.out(2, "decisions")
    run_wave(country.store.root, 2, run="again")
    assert country.out(2, "decisions") == before
