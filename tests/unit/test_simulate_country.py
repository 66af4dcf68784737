"""A simulated country: several waves of the same people, who apply again, send new photographs, move and die."""

import re
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.csv as pacsv
import pytest

from pipeline.commands.wave.simulate import simulate
from pipeline.domain import errors
from pipeline.domain.contracts import REUPLOADS
from pipeline.simulate.photos.photographs import Rendered
from pipeline.storage.files import write_text
from tests.query import rows
from tests.unit.test_simulate_wave import digest

WAVES = (1, 2, 3)


def make(data: Path, **options: Any) -> Path:
    wishes = {"seed": 5, "preset": "small", "workers": 1, "waves": "1-3", "photos": "none"}
    wave: dict[str, Any] = {"wave": None, "registrations": None, "population": 30_000, "quota": None, "faces": None}
    simulate(data, **{**wave, **wishes, **options})
    return data


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    return make(tmp_path_factory.mktemp("country"))


@pytest.fixture(scope="module")
def db(data):
    with duckdb.connect() as db:
        for wave in WAVES:
            landed = data / f"landing/wave-{wave:04d}"
            db.execute(f"create table truth_{wave} as from '{landed}/truth.parquet'")
            db.execute(f"""create table portal_{wave} as from '{landed}/registrations/*.parquet'
                           where registration_id is not null""")
        for wave, day in zip(WAVES, ("2020-04-14", "2020-04-21", "2020-04-28"), strict=True):
            db.execute(f"create table population_{wave} as from '{data}/extracts/population/asof={day}/*.parquet'")
        yield db


@pytest.fixture
def unrendered(monkeypatch) -> list[Any]:
    """The photographs that would be rendered: what is asked for is looked at here, not how it is drawn."""
    asked: list[Any] = []

    def render(_seed, jobs, *_arguments, **_options) -> Rendered:
        asked.extend(jobs)
        return Rendered()

    monkeypatch.setattr("pipeline.simulate.photos.photographs.render", render)
    return asked


def test_the_same_seed_gives_the_same_country(data, tmp_path):
    assert digest(make(tmp_path)) == digest(data)


def test_each_wave_has_its_window_its_draw_and_extracts_of_its_own_days(data):
    calendar = (data / "calendar.toml").read_text()
    assert re.findall(r'^seed = "(.*)"$', calendar, re.M) == ["simulated-5/1", "simulated-5/2", "simulated-5/3"]
    for name in ("population", "education", "bansos", "priority", "blacklist"):
        days = sorted(path.name for path in (data / "extracts" / name).iterdir())
        older, newer = name in ("education", "bansos"), name == "bansos"
        assert len(days) == len(WAVES) + older + newer, days


def test_people_apply_again_under_a_number_of_the_new_wave(db):
    for wave in (2, 3):
        [(again, known)] = db.sql(f"""
            select count(*) filter (nik in (select nik from portal_{wave - 1})), count(*) from portal_{wave}
        """).fetchall()
        assert 0.05 < again / known < 0.5
        assert db.sql(f"select distinct left(registration_id, 4) from truth_{wave}").fetchall() == [(f"{wave:04d}",)]


def test_who_comes_back_has_mended_something_or_not(db):
    [(mended, not_mended, placed)] = db.sql("""
        select count(*) filter (old.expected <> [] and again.expected = []),
               count(*) filter (old.expected <> [] and again.expected <> []),
               count(*) filter (list_contains(again.expected, 'already_accepted'))
        from truth_2 again join truth_1 old using (nik)
    """).fetchall()
    assert min(mended, not_mended) > 10
    assert placed >= 1
    assert db.sql("""
        select count(*) from truth_2 again left join truth_1 old using (nik)
        where list_contains(again.expected, 'already_accepted') and old.expected is distinct from []
    """).fetchall() == [(0,)]


def test_between_two_waves_people_move_and_die_and_are_otherwise_the_same(db):
    [(people, moved, died, risen, others)] = db.sql("""
        select count(*), count(*) filter (a.kk <> b.kk), count(*) filter (a.alive and not b.alive),
               count(*) filter (b.alive and not a.alive and a.nik in (select nik from truth_1)),
               count(*) filter (a.full_name <> b.full_name or a.birth_date <> b.birth_date or a.sex <> b.sex)
        from population_1 a join population_3 b using (nik)
        where a.nik not in (select nik from population_1 group by nik having count(*) > 1)
          and a.nik not in (select nik from population_3 group by nik having count(*) > 1)
    """).fetchall()
    assert people > 29_000
    assert 0.005 < moved / people < 0.03
    assert died > 0
    assert (risen, others) == (0, 0)


def test_who_was_refused_for_the_photograph_sends_a_new_one(tmp_path, unrendered):
    data = make(tmp_path, photos="drawn", waves="1-2", quota=150)
    sent = pacsv.read_csv(data / "landing/wave-0002/reuploads/portal.csv").to_pylist()
    assert list(sent[0]) == REUPLOADS.names
    assert not (data / "landing/wave-0001/reuploads").exists()
    assert {row["from_wave"] for row in sent} == {1}
    truth = f"'{data}/landing/wave-0001/truth.parquet' where expected = [] and photo_delivered and selfie_planted <> []"
    refused = {one for (one,) in rows(f"select registration_id from {truth}")}
    by_photo = [row for row in sent if row["registration_id"] in refused]
    assert len(by_photo) >= 3
    assert len(by_photo) < len(sent) - 1  # some were refused for something else
    assert sent[-1]["registration_id"] == "0001-99999999"  # an application that nobody made
    rendered = {str(job.selfie).split("selfies/")[1] for job in unrendered}
    assert {row["selfie"] for row in by_photo} <= rendered
    numbers = [job.number for job in unrendered]
    assert len(numbers) == len(set(numbers))  # no two waves have a picture in common


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"waves": "3-1"}, "no range"),
        ({"waves": "one"}, "no range"),
        ({"beacon": True}, "drawn by seeds"),
        ({"population": 2_000}, "population"),
    ],
)
def test_countries_that_cannot_be_made_are_named(tmp_path, options, says):
    with pytest.raises(errors.BadSettingError, match=says):
        make(tmp_path, **options)


def test_results_of_a_country_are_never_left_beside_other_people(tmp_path):
    write_text("{}", tmp_path / "waves/wave-0002/manifest.json")
    with pytest.raises(errors.BadSettingError, match="data root of its own"):
        make(tmp_path)
