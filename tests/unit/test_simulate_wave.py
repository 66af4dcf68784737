"""A simulated wave on disk: the contract's files, and a truth that the delivered files bear out."""

import hashlib
import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from pipeline.commands.wave.simulate import simulate
from pipeline.domain import contracts, errors
from pipeline.simulate import faults, presets, unfinished
from pipeline.simulate.photos.casting import Shown
from pipeline.simulate.photos.face_facts import Facts
from pipeline.simulate.truth.truth_table import FACE_COLUMNS, TRUTH, with_faces
from pipeline.simulate.wanted_photographs import photograph_jobs
from pipeline.simulate.wave import simulate_wave
from pipeline.storage import paths
from tests.query import rows

SMALL: dict[str, Any] = {"registrations": 2_000, "population": 20_000, "quota": 100, "photos": "none"}
WAVE = "landing/wave-0012"


def make(data: Path, **options: Any) -> Path:
    simulate(data, **{"wave": 12, "seed": 5, "faces": None, "preset": "demo", "workers": 1, **SMALL, **options})
    return data


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    return make(tmp_path_factory.mktemp("simulated"))


@pytest.fixture(scope="module")
def db(data):
    """Truth, registrations (as Parquet holds them) and the extracts that the wave must use, as tables."""
    with duckdb.connect() as db:
        db.execute(f"create table truth as from '{data}/{WAVE}/truth.parquet'")
        db.execute(f"""create table portal as from '{data}/{WAVE}/registrations/*.parquet'
                       where registration_id is not null""")
        for name in contracts.EXTRACTS:
            used = max(p for p in (data / "extracts" / name).iterdir() if p.name <= "asof=2021-02-26")
            db.execute(f"create table {name} as from read_parquet('{used}/*.parquet', hive_partitioning=false)")
        db.execute(f"create table earlier as from '{data}/published/wave-0011/rev-1/cohort.parquet'")
        yield db


def digest(data: Path) -> dict[str, str]:
    files = sorted(p for p in data.rglob("*") if p.is_file() and p.suffix != ".jsonl")  # costs differ
    return {str(p.relative_to(data)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(data, tmp_path):
    again, other = digest(make(tmp_path / "again")), digest(make(tmp_path / "other", seed=6))
    assert again == digest(data)
    assert not set(again.values()) & {v for k, v in other.items() if k.endswith(("truth.parquet", ".csv"))}


def test_every_file_has_the_columns_of_its_contract(data):
    for name, contract in contracts.EXTRACTS.items():
        for path in (data / "extracts" / name).rglob("*.parquet"):
            assert pq.read_schema(path).names == contract.schema.names, path
    registrations = data / WAVE / "registrations"
    assert pq.read_schema(registrations / "portal-000.parquet").equals(contracts.REGISTRATIONS)
    assert (registrations / "call-centre.csv").read_bytes().startswith(b"\xef\xbb\xbfregistration_id,")
    assert pq.read_schema(data / "published/wave-0011/rev-1/cohort.parquet").equals(contracts.COHORT)


def test_every_application_has_one_truth_and_rubbish_is_counted(data, db):
    assert db.sql("select count(*), count(distinct registration_id) from truth").fetchall() == [(2_000, 2_000)]
    told = json.loads((data / WAVE / "simulated.json").read_text())
    registrations = data / WAVE / "registrations"
    lines = (registrations / "call-centre.csv").read_bytes().splitlines()[1:]
    assert len([line for line in lines if not line.startswith(b"0012-")]) >= 4
    assert told["set_aside"]["total"] == sum(n for k, n in told["set_aside"].items() if k != "total") > 4


def test_every_code_is_planted_alone_and_combinations_come(db):
    alone = db.sql("select distinct expected[1] from truth where len(expected) = 1").fetchall()
    assert {code for (code,) in alone} == set(faults.CODES)
    [(pairs,)] = db.sql("select count(distinct expected) from truth where len(expected) >= 2").fetchall()
    assert pairs > 40


@pytest.mark.parametrize(
    ("code", "extract", "condition"),
    [
        ("in_education", "education", "status = 'active'"),
        ("bansos_recipient", "bansos", "status = 'active' and programme <> 'BSU'"),
        ("bsu_recipient", "bansos", "status = 'active' and programme = 'BSU'"),
        ("blacklisted", "blacklist", "since <= date '2021-02-26'"),
        ("already_accepted", "earlier", "true"),
        ("not_citizen", "population", "citizenship = 'WNA'"),
        ("deceased", "population", "not alive"),
        ("under_18", "population", "date_add(birth_date, interval 18 year) > date '2021-02-26'"),
    ],
)
def test_the_registers_say_what_the_truth_says(db, code, extract, condition):
    wrong = db.sql(f"""
        select count(*) from truth t join portal r using (registration_id)
        where list_contains(t.expected, '{code}') <>
              coalesce(try_cast(r.nik as bigint) in (select nik::bigint from {extract} where {condition}), false)
          and not list_contains(t.expected, 'nik_malformed')
    """).fetchall()
    assert wrong == [(0,)]


def test_applications_say_what_the_truth_says(db):
    told = db.sql("""
        select count(*) filter (list_contains(expected, 'email_unverified') = email_verified),
               count(*) filter (list_contains(expected, 'phone_unverified') = phone_verified),
               count(*) filter (list_contains(expected, 'outside_wave')
                   = (submitted_at between '2021-02-23 00:00:00' and '2021-02-26 23:59:59')),
               count(*) filter (list_contains(expected, 'nik_malformed')
                   = coalesce(regexp_full_match(r.nik, '[0-9]{16}'), false)),
               count(*) filter (list_contains(expected, 'nik_unknown') = (try_cast(r.nik as bigint) in
                   (select nik::bigint from population)) and not list_contains(expected, 'nik_malformed'))
        from truth join portal r using (registration_id)
    """).fetchall()
    assert told == [(0, 0, 0, 0, 0)]


def test_no_family_card_keeps_more_than_two(db):
    over = db.sql("""
        with cards as (select nik, any_value(kk) as kk from population group by nik),
        places as (
            select kk from truth join cards using (nik) where expected = []
            union all select kk from earlier join cards using (nik))
        select count(*) from (select kk from places group by kk having count(*) > 2)
    """).fetchall()
    assert over == [(0,)]


def test_rules_that_were_not_in_force_are_not_expected(tmp_path):
    data = make(tmp_path, wave=1)
    expected = rows(f"select distinct unnest(expected) from '{data}/landing/wave-0001/truth.parquet'")
    codes = {code for (code,) in expected}
    assert codes == set(faults.CODES) - {"bsu_recipient", "excluded_occupation", "already_accepted", "kk_limit"}
    assert not (data / "published").exists()


def test_deliveries_that_must_not_be_used_lie_beside_those_that_must(data):
    days = sorted(date.fromisoformat(p.name.removeprefix("asof=")) for p in (data / "extracts/bansos").iterdir())
    assert days == [date(2021, 1, 22), date(2021, 2, 26), date(2021, 3, 3)]


#: A calendar that somebody else wrote.
THEIRS = """[[wave]]
number = 12
opens = 2021-02-01T00:00:00
closes = 2021-02-04T12:00:00
quota = 7
seed = "theirs"
"""


def test_a_calendar_that_is_there_is_kept(tmp_path):
    (tmp_path / "calendar.toml").write_text(THEIRS)
    make(tmp_path, quota=None)
    assert (tmp_path / "calendar.toml").read_text() == THEIRS
    told = json.loads((tmp_path / WAVE / "simulated.json").read_text())
    assert (told["draw_seed"], told["options"]["quota"]) == ("theirs", 7)


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"population": 1_000}, errors.BadSettingError, "population"),
        ({"preset": "moon"}, errors.BadSettingError, "preset"),
        ({"photos": "some"}, errors.BadSettingError, "photos"),
        ({"quota": 0}, errors.BadQuotaError, "places"),
        ({"faces": Path("nowhere"), "photos": "drawn"}, errors.StoreError, "faces"),
    ],
)
def test_wishes_that_cannot_be_met_are_named(tmp_path, options, error, says):
    with pytest.raises(error, match=says):
        make(tmp_path, **options)
    assert not (tmp_path / WAVE / "truth.parquet").exists()


def test_registrations_that_were_not_simulated_are_never_overwritten(tmp_path):
    real = tmp_path / WAVE / "registrations" / "real.csv"
    real.parent.mkdir(parents=True)
    real.write_text("registration_id\n1\n")
    with pytest.raises(errors.BadSettingError, match="was not simulated"):
        make(tmp_path)
    assert real.read_text() == "registration_id\n1\n"


def test_neither_are_extracts(tmp_path):
    make(tmp_path / "other")
    [day] = [path.name for path in (tmp_path / "other" / "extracts" / "population").glob("asof=*")]
    real = tmp_path / "extracts" / "population" / day / "part-00000.parquet"
    real.parent.mkdir(parents=True)
    real.write_bytes(b"270 million people")
    with pytest.raises(errors.BadSettingError, match="was not simulated"):
        make(tmp_path)
    assert real.read_bytes() == b"270 million people"


def test_an_interrupted_simulation_goes_on_where_it_was(data, tmp_path):
    """Killed between the tables and the photographs: the tables are kept for the same wishes, and for no others."""
    calendar = paths.Store.at(data).calendar()
    table = presets.preset("demo")
    shares = {name: table[name] for name in ("shares", "selfie")}
    plan = presets.SimulationPlan(
        wave=calendar.wave(12), seed=5, registrations=2_000, population=20_000, quota=100, **shares
    )
    there = paths.Store.at(tmp_path)
    made = simulate_wave(plan, there, "drawn")
    unfinished.keep(plan, there, None, made)
    found = unfinished.kept(plan, there, None)
    assert found is not None
    assert found.truth.equals(made.truth)
    jobs = photograph_jobs(plan, there, found.photographs)
    assert jobs == photograph_jobs(plan, there, made.photographs)
    assert sorted(job.turn for job in jobs) == list(range(130))  # the quota and a margin, in the order of the draw
    assert unfinished.kept(replace(plan, seed=6), there, None) is None
    assert unfinished.kept(plan, there, tmp_path) is None
    unfinished.forget(plan, there)
    assert unfinished.kept(plan, there, None) is None


def test_the_truth_says_what_the_source_faces_show_by_themselves(data):
    """Applications without a photograph show nobody; the others what the labels of their faces say."""
    truth = pq.read_table(data / WAVE / "truth.parquet")
    assert truth.schema.names == TRUTH.names
    assert truth["selfie_shows"].null_count == truth.num_rows
    shown = {0: Shown(Facts(("hat",), "asian", "P"), Facts(("ears_hidden",), "asian", "L")), 2: Shown(Facts(()), None)}
    rows = with_faces(truth, shown).select(FACE_COLUMNS).slice(0, 3).to_pylist()
    assert [list(row.values()) for row in rows] == [
        [["ears_hidden"], "asian", "P", "asian", "L"],
        [None] * 5,
        [[], None, None, None, None],
    ]
