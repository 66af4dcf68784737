"""Whatever strangers write into a registration file: nothing stops ingest, nothing vanishes from its counts."""

from __future__ import annotations

import csv
import gzip
import io
import random
from datetime import date, datetime

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain import contracts, errors
from pipeline.domain.calendar import Wave
from pipeline.domain.settings import settings as configured
from pipeline.ingest.registrations import ingest_registrations
from pipeline.storage import files
from pipeline.storage.paths import Store
from tests.effort import examples

WAVE = Wave(1, datetime(2020, 4, 11), datetime(2020, 4, 16, 16), 10, "seed")
NAMES = contracts.REGISTRATIONS.names
GOOD = {
    "registration_id": "R1",
    "submitted_at": "2020-04-12 10:00:00",
    "nik": "3171015505900001",
    "kk": "3171010000000001",
    "full_name": "SITI AMINAH",
    "birth_date": "1990-05-15",
    "sex": "P",
    "phone": "081200000000",
    "phone_verified": "true",
    "email": "siti@example.org",
    "email_verified": "true",
    "province_code": "31",
    "selfie": "R1.jpg",
}


class Landing:
    """A data root whose registrations a test writes."""

    def __init__(self, root):
        self.root = root
        self.folder = root / "landing" / "wave-0001" / "registrations"
        self.folder.mkdir(parents=True)
        self.store = Store.at(root)

    def csv(self, *rows, name="a.csv", header=NAMES, bom=False, separator=","):
        text = io.StringIO()
        writer = csv.writer(text, delimiter=separator)
        writer.writerow(header)
        writer.writerows([row[n] for n in NAMES] if isinstance(row, dict) else row for row in rows)
        content = text.getvalue().encode("utf-8-sig" if bom else "utf-8")
        (self.folder / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)

    def ingest(self):
        counts = ingest_registrations(self.store, WAVE)
        return counts, files.read_table(self.root / "work" / "wave-0001" / "registrations.parquet").to_pylist()


@pytest.fixture
def landing(tmp_path):
    return Landing(tmp_path)


def test_a_well_formed_row_is_read_as_it_is(landing):
    landing.csv(GOOD)
    counts, [row] = landing.ingest()
    assert (counts.taken_in, counts.set_aside, counts.unreadable_values) == (1, 0, 0)
    assert row == {
        **GOOD,
        "submitted_at": datetime(2020, 4, 12, 10),
        "birth_date": date(1990, 5, 15),
        "phone_verified": True,
        "email_verified": True,
        "from_wave": None,
        "number": 3171015505900001,
        "kk_number": 3171010000000001,
        "language": None,
    }


@pytest.mark.parametrize(
    ("nik", "number"),
    [
        ("0171015505900001", 171015505900001),
        ("317101550590000", None),
        ("31710155059000011", None),
        ("3171015505.90000", None),
        ("317101550590e001", None),
        ("+317101550590001", None),
        ("3171-0155-0590-1", None),
        ("٣١٧١٠١٥٥٠٥٩٠٠٠٠١", None),
        ("", None),
    ],
)
def test_only_sixteen_digits_are_a_number(landing, nik, number):
    landing.csv(GOOD | {"nik": nik, "kk": nik})
    _, [row] = landing.ingest()
    assert (row["nik"], row["number"], row["kk_number"]) == (nik or None, number, number)


@pytest.mark.parametrize(
    ("given", "read"), [("id", "id"), (" EN ", "en"), ("jv", None), ("", None), (None, None), ("absent", None)]
)
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_the_language_that_an_applicant_chose_is_read_where_a_file_has_it(landing, given, read, kind):
    row = GOOD if given == "absent" else GOOD | {"language": given}
    if kind == "csv":
        landing.csv([value or "" for value in row.values()], header=list(row))
    else:
        pq.write_table(pa.Table.from_pylist([row]), landing.folder / "a.parquet")
    _, [found] = landing.ingest()
    assert found["language"] == read


@pytest.mark.parametrize("inside", ["\n", "\r\n", "\t", "\x00", "\x1b", "\x9b", "\u202e", "\u200b", "\u2066", "\u2028"])
def test_an_id_that_would_read_as_two_in_the_published_list_is_set_aside(landing, inside):
    rows = [{**GOOD, "registration_id": f"A{inside}B"}, GOOD]
    pq.write_table(pa.Table.from_pylist(rows), landing.folder / "a.parquet")
    counts, [row] = landing.ingest()
    assert (counts.taken_in, counts.set_aside) == (1, 1)
    assert row["registration_id"] == GOOD["registration_id"]
    [aside] = files.read_table(landing.root / "work" / "wave-0001" / "set_aside.parquet").to_pylist()
    assert aside["problem"] == "registration_id with a control character"


@pytest.mark.parametrize(
    ("column", "text", "value"),
    [
        ("submitted_at", "2020-04-12T10:00:00", datetime(2020, 4, 12, 10)),
        ("submitted_at", "2020-04-12T03:00:00Z", datetime(2020, 4, 12, 10)),
        ("submitted_at", "2020-04-12 12:00:00+09:00", datetime(2020, 4, 12, 10)),
        ("submitted_at", "12/04/2020 10:00", datetime(2020, 4, 12, 10)),
        ("submitted_at", "2020/04/12 10:00:00", datetime(2020, 4, 12, 10)),
        ("submitted_at", "12/04/2020 10.00", datetime(2020, 4, 12, 10)),
        ("submitted_at", "12/04/2020 10.00 WIB", datetime(2020, 4, 12, 10)),
        ("submitted_at", "12-04-2020 12.00.00 WIT", datetime(2020, 4, 12, 10)),
        ("submitted_at", "2020-04-12 03:00:00 UTC", datetime(2020, 4, 12, 10)),
        ("submitted_at", "2020-04-12T03:00:00.5z", datetime(2020, 4, 12, 10, 0, 0, 500_000)),
        ("submitted_at", "2020-04-12T10:00:00 +07:00", datetime(2020, 4, 12, 10)),
        ("submitted_at", "2020-04-12 08:30:00+0530", datetime(2020, 4, 12, 10)),
        ("submitted_at", "2020-04-11 23:30:00-03:30", datetime(2020, 4, 12, 10)),
        ("submitted_at", "2020-04-12 10:00 WIB", datetime(2020, 4, 12, 10)),
        ("submitted_at", "2020-04-12 11:00:00 WITA", datetime(2020, 4, 12, 10)),
        ("submitted_at", "2020-04-12 12:00:00 WIT", datetime(2020, 4, 12, 10)),
        ("submitted_at", "2020-04-12 04:30:00 PM", datetime(2020, 4, 12, 16, 30)),
        ("submitted_at", "12/04/2020 12:05:00 AM", datetime(2020, 4, 12, 0, 5)),
        ("submitted_at", "2020-04-12 10:00:00 EST", None),  # what cannot be read to its last letter is not read
        ("submitted_at", "2020-04-12 10:00:00 perhaps", None),
        ("submitted_at", "2020-04-12 10:00:00+16:00", None),
        ("submitted_at", "epoch", None),
        ("submitted_at", "yesterday", None),
        ("submitted_at", "infinity", None),
        ("birth_date", "15-05-1990", date(1990, 5, 15)),
        ("birth_date", "15/05/1990", date(1990, 5, 15)),
        ("birth_date", "1990-05-15 00:00:00", date(1990, 5, 15)),
        ("birth_date", "15-05-1990 00:00:00", date(1990, 5, 15)),
        ("birth_date", "1990-05-15 or so", None),
        ("birth_date", "1990/5/15", date(1990, 5, 15)),
        ("birth_date", "15.05.1990", date(1990, 5, 15)),
        ("birth_date", "5-5-1990", date(1990, 5, 5)),
        # an instant is the day in WIB, whose clocks were half an hour further before 1964
        ("birth_date", "1990-05-14T17:00:00Z", date(1990, 5, 15)),
        ("birth_date", "1990-05-14T17:00:00.000Z", date(1990, 5, 15)),
        ("birth_date", "1990-05-14T16:59:59Z", date(1990, 5, 14)),
        ("birth_date", "1990-05-15T00:00:00+07:00", date(1990, 5, 15)),
        ("birth_date", "1990-05-15 00:00:00+0000", date(1990, 5, 15)),
        ("birth_date", "1990-05-15T01:00:00+09:00", date(1990, 5, 14)),
        ("birth_date", "1990-05-15 00:00:00 WIB", date(1990, 5, 15)),
        ("birth_date", "1960-05-14T16:30:00Z", date(1960, 5, 15)),
        ("birth_date", "1960-05-14T16:29:59Z", date(1960, 5, 14)),
        ("birth_date", "1964-05-14T16:30:00Z", date(1964, 5, 14)),
        ("birth_date", "1960-05-15T00:00:00+07:30", date(1960, 5, 15)),
        ("birth_date", "1963-12-31T16:30:00Z", date(1963, 12, 31)),
        ("birth_date", "1949-05-14T16:00:00Z", date(1949, 5, 15)),  # +08:00 from 1948 to 1950
        ("birth_date", "1949-05-14T15:59:59Z", date(1949, 5, 14)),
        ("birth_date", "1945-08-16T15:00:00Z", date(1945, 8, 17)),  # Tokyo's clocks, +09:00
        ("birth_date", "1945-08-16T14:59:59Z", date(1945, 8, 16)),
        ("birth_date", "1990-05-14T17:00Z", date(1990, 5, 15)),
        ("birth_date", "1990-05-15T02:00:00+09", date(1990, 5, 15)),
        # in words
        ("birth_date", "17 Agustus 1990", date(1990, 8, 17)),
        ("birth_date", "17-Agu-1990", date(1990, 8, 17)),
        ("birth_date", "17 AGT 1990", date(1990, 8, 17)),
        ("birth_date", "1 Mei 1990", date(1990, 5, 1)),
        ("birth_date", "2 Pebruari 1990", date(1990, 2, 2)),
        ("birth_date", "3 Nopember 1990", date(1990, 11, 3)),
        ("birth_date", "4 December 1990", date(1990, 12, 4)),
        ("birth_date", "5. Okt. 1990", date(1990, 10, 5)),
        ("birth_date", "17 Agu 1990", date(1990, 8, 17)),
        ("birth_date", "17 August 1990", date(1990, 8, 17)),
        ("birth_date", "17/Agu/1990", date(1990, 8, 17)),
        ("birth_date", "17 Agustus, 1990", date(1990, 8, 17)),
        ("birth_date", "17AUG1990", date(1990, 8, 17)),
        ("birth_date", "17\u00a0Agustus\u00a01990", date(1990, 8, 17)),
        ("birth_date", "17 Agustus 1990 00:00:00", date(1990, 8, 17)),
        ("birth_date", "1 Mei 1990 07.00", date(1990, 5, 1)),
        ("birth_date", "August 17, 1990", date(1990, 8, 17)),  # a month in words stands for no day
        ("birth_date", "Mei 1 1990", date(1990, 5, 1)),
        ("birth_date", "1990-Agu-17", date(1990, 8, 17)),
        ("birth_date", "1990 Agustus 17", date(1990, 8, 17)),
        ("birth_date", "29 Februari 2000", date(2000, 2, 29)),
        ("birth_date", "29 Februari 1990", None),
        ("birth_date", "31 Februari 1990", None),
        ("birth_date", "17 Bulan 1990", None),
        # a century is never guessed, a day is not taken for a month
        ("birth_date", "17-Agu-90", None),
        ("birth_date", "17 Agustus 90", None),
        ("birth_date", "17 Agu '90", None),
        ("birth_date", "17AUG90", None),
        ("birth_date", "90-Agu-17", None),
        ("birth_date", "Agustus 17, 90", None),
        ("birth_date", "17/05/90", None),
        ("birth_date", "19900517", None),
        ("birth_date", "17051990", None),
        ("birth_date", "117 Agustus 1990", None),
        ("birth_date", "17 Agustus 19900", None),
        ("birth_date", "17 Agustus 1990 M", None),
        ("birth_date", "17 Agustus 1990 25:00", None),
        ("birth_date", "17-05-90", None),
        ("birth_date", "90-05-17", None),
        ("birth_date", "05/17/1990", None),
        ("birth_date", "33010", None),
        ("birth_date", "17 Agustus", None),
        ("birth_date", "Agustus 1990", None),
        ("birth_date", "1990-05-15T00:00:00 EST", None),
        ("birth_date", "infinity", None),
        ("birth_date", "1990-02-30", None),
        ("birth_date", "", None),
        ("sex", "p", "P"),
        ("sex", "X", None),
        ("phone_verified", "YA", True),
        ("phone_verified", "BENAR", True),
        ("phone_verified", "Salah", False),
        ("phone_verified", "0", False),
        ("email_verified", "perhaps", False),
        ("email_verified", "", False),
        ("nik", "'3171015505900001", "3171015505900001"),
        ("nik", " 3171015505900001 ", "3171015505900001"),
        ("nik", "3.17E+15", "3.17E+15"),
        ("full_name", "  ", None),
        ("full_name", "O\u0000WIL", "O\u0000WIL"),
        ("full_name", '=HYPERLINK("x")', '=HYPERLINK("x")'),
        ("selfie", "", None),
    ],
)
def test_values_are_read_or_become_null_and_are_counted(landing, column, text, value):
    landing.csv({**GOOD, column: text})
    counts, [row] = landing.ingest()
    assert row[column] == value
    unreadable = column in ("submitted_at", "birth_date", "sex") and text and value is None
    assert counts.unreadable_values == int(bool(unreadable) or text == "perhaps")


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
@pytest.mark.parametrize("bom", [True, False])
def test_bom_gzip_semicolons_and_odd_headers(landing, name, bom):
    landing.csv(GOOD, name=name, bom=bom, separator=";", header=[f" {n.upper()} " for n in NAMES])
    assert landing.ingest()[0].taken_in == 1


def test_extra_columns_and_other_files_are_ignored(landing):
    landing.csv([*GOOD.values(), "x"], header=[*NAMES, "extra"])
    (landing.folder / "notes.txt").write_text("hello")
    counts, _ = landing.ingest()
    assert (counts.taken_in, counts.files, counts.ignored) == (1, 1, 1)


def test_rows_that_cannot_be_applications_are_set_aside(landing):
    landing.csv(GOOD, {**GOOD, "registration_id": " "}, ["R2", "too", "short"])
    with (landing.folder / "a.csv").open("ab") as file:
        file.write(b"\xff\xfe" + b"," * 12 + b"\n\n")
    counts, _ = landing.ingest()
    assert (counts.taken_in, counts.set_aside) == (2, 2)  # what is no UTF-8 is read as Windows writes it
    table = files.read_table(landing.root / "work" / "wave-0001" / "set_aside.parquet").to_pylist()
    assert [(r["line"], r["problem"]) for r in table] == [
        (0, "no registration_id"),
        (4, "wrong number of fields"),
    ]


def test_a_quote_that_is_never_closed_swallows_nothing(landing):
    landing.csv(*({**GOOD, "registration_id": f"R{n}"} for n in range(5)))
    path = landing.folder / "a.csv"
    path.write_bytes(path.read_bytes().replace(b"R1,", b'"R1,'))
    counts, rows = landing.ingest()
    assert (counts.taken_in, counts.set_aside) == (4, 1)
    assert [r["registration_id"] for r in rows] == ["R0", "R2", "R3", "R4"]


def test_tabs_nul_and_apostrophes_around_a_value_are_no_part_of_it(landing):
    landing.csv({**GOOD, "nik": f"\t'{GOOD['nik']}\u00a0", "birth_date": f"'{GOOD['birth_date']}\x00"})
    _, rows = landing.ingest()
    assert rows[0]["nik"] == GOOD["nik"]
    assert rows[0]["birth_date"] is not None


@pytest.mark.parametrize(
    "around",
    [
        "'{}",
        "\t'{} ",
        "{}\u00a0",
        "\ufeff{}",
        "{}\u200b",
        "\u202a{}\u202c",
        "\u3000{}\u00ad",
        "’{}",
        "'{}'",
        '"{}"',
        '="{}"',
    ],
)
def test_marks_are_no_part_of_any_value(landing, around):
    landing.csv({**GOOD, "registration_id": "A"}, {name: around.format(value) for name, value in GOOD.items()})
    counts, [plain, marked] = landing.ingest()
    assert counts.unreadable_values == 0
    told = ("registration_id", "full_name")  # an apostrophe before a name is left to the comparison of names
    assert [v for k, v in marked.items() if k not in told] == [v for k, v in plain.items() if k not in told]


def test_a_huge_line_is_set_aside(landing):
    landing.csv(GOOD, ["x" * 2_000_000])
    assert landing.ingest()[0].set_aside == 1


GOOD_TABLE = pa.table({name: [value] for name, value in GOOD.items()})


@pytest.mark.parametrize("twice", ["nik", "NIK", " Full-Name"])
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_column_that_is_there_twice_sets_its_file_aside(landing, twice, kind):
    table = GOOD_TABLE.append_column(twice, pa.array(["3171010101900009"]))
    write = pacsv.write_csv if kind == "csv" else pq.write_table
    write(table, landing.folder / f"b.{kind}")
    landing.csv({**GOOD, "registration_id": "R2"})
    counts, rows = landing.ingest()
    assert (counts.quarantined, [row["registration_id"] for row in rows]) == (1, ["R2"])


def test_parquet_forgives_the_same_header_as_csv(landing):
    odd = GOOD_TABLE.rename_columns([f" {name.replace('_', '-').title()}" for name in NAMES])
    pq.write_table(odd, landing.folder / "a.parquet")
    assert landing.ingest()[1][0]["full_name"] == GOOD["full_name"]


@pytest.mark.parametrize("type_", [pa.large_string(), pa.string_view(), pa.binary_view(), pa.binary()])
def test_text_of_any_arrow_type_is_read_and_keeps_the_limit(landing, type_):
    names = pa.array(["ANI", "A" * 50_000]).cast(pa.binary() if "binary" in str(type_) else pa.string()).cast(type_)
    table = pa.concat_tables([GOOD_TABLE, GOOD_TABLE])
    table = table.set_column(NAMES.index("full_name"), "full_name", names)
    pq.write_table(table, landing.folder / "a.parquet")
    counts, rows = landing.ingest()
    assert (counts.set_aside, [row["full_name"] for row in rows]) == (1, ["ANI"])


def test_a_folder_and_a_link_to_nowhere_are_named(landing):
    landing.csv(GOOD)
    (landing.folder / "spark.parquet").mkdir()
    pq.write_table(GOOD_TABLE, landing.folder / "spark.parquet" / "part-0.parquet")
    (landing.folder / "b.csv").symlink_to("nowhere.csv")
    assert landing.ingest()[0].ignored == 2
    record = files.read_json(landing.root / "work" / "wave-0001" / "ingest.json")
    assert record["ignored_files"] == ["b.csv", "spark.parquet"]


def test_parquet_of_several_types_is_the_same_as_csv(landing):
    table = pa.table({k: [v] for k, v in GOOD.items()})
    typed = table.set_column(NAMES.index("nik"), "nik", pa.array([int(GOOD["nik"])]))
    typed = typed.set_column(NAMES.index("kk"), "kk", pa.array([317101]))
    typed = typed.set_column(NAMES.index("birth_date"), "birth_date", pa.array([date(1990, 5, 15)]))
    when = pa.array([datetime(2020, 4, 12, 3)], pa.timestamp("ns", "UTC"))
    typed = typed.set_column(NAMES.index("submitted_at"), "submitted_at", when)
    typed = typed.set_column(NAMES.index("phone_verified"), "phone_verified", pa.array([True]))
    pq.write_table(typed, landing.folder / "a.parquet")
    _, [row] = landing.ingest()
    assert row["nik"] == GOOD["nik"]
    assert row["kk"] == "0000000000317101"
    assert row["submitted_at"] == datetime(2020, 4, 12, 10)
    assert row["birth_date"] == date(1990, 5, 15)
    assert row["phone_verified"] is True


@pytest.mark.parametrize(
    ("write", "error", "says"),
    [
        (lambda f: None, errors.EmptyWaveError, "no registrations"),
        (lambda f: (f / "a.csv").write_text(""), errors.EmptyWaveError, "has a row"),
        (lambda f: (f / "a.csv").write_text(",".join(NAMES) + "\n"), errors.EmptyWaveError, "has a row"),
        (lambda f: (f / "a.csv").write_text("registration_id\n1\n"), errors.MissingColumnError, "submitted_at"),
        (lambda f: (f / "a.csv").write_bytes(b"\xff\xfe\n1\n"), errors.MissingColumnError, "utf-16-le"),
        (lambda f: (f / "a.csv.gz").write_bytes(b"no gzip"), errors.UnreadableFileError, r"a\.csv\.gz"),
        (
            lambda f: (f / "a.csv.gz").write_bytes(gzip.compress(b"x" * 99)[:-9]),
            errors.UnreadableFileError,
            r"a\.csv\.gz",
        ),
        (lambda f: (f / "a.parquet").write_bytes(b"PAR1"), errors.UnreadableFileError, r"a\.parquet"),
        (
            lambda f: pq.write_table(pa.table({n: pa.array([[1]]) for n in NAMES}), f / "a.parquet"),
            errors.WrongTypeError,
            "registration_id",
        ),
    ],
)
def test_what_stops_a_wave_is_named(landing, write, error, says):
    write(landing.folder)
    with pytest.raises(error, match=says):
        landing.ingest()


def numbered(start, stop):
    return [{**GOOD, "registration_id": f"R{n}"} for n in range(start, stop)]


@pytest.mark.parametrize(
    ("first", "second", "repeated", "rows"),
    [
        ((0, 30), (0, 1), 1, 2),
        ((0, 30), (29, 31), 1, 2),
        ((0, 30), (0, 10), 10, 20),
        ((0, 2), (0, 2), 2, 4),
        ((0, 5), (5, 9), 0, 0),
    ],
)
def test_every_row_of_a_repeated_id_is_set_aside_and_the_id_is_kept(landing, first, second, repeated, rows):
    landing.csv(*numbered(*first))
    landing.csv(*numbered(*second), name="b.csv")
    counts, taken = landing.ingest()
    everything = first[1] - first[0] + second[1] - second[0]
    assert (counts.repeated, counts.set_aside, counts.taken_in) == (repeated, rows, everything - rows)
    kept = files.read_table(landing.root / "work" / "wave-0001" / "repeated.parquet").num_rows
    assert kept == repeated
    assert len({row["registration_id"] for row in taken}) == everything - rows


def test_a_file_delivered_twice_stops_the_wave(landing):
    landing.csv(*numbered(0, 30))
    landing.csv(*numbered(0, 30), name="b.csv")
    with pytest.raises(errors.DuplicateRegistrationError, match=r"60 of 60 rows .* in a\.csv, b\.csv"):
        landing.ingest()


def test_of_a_large_wave_few_repeated_rows_are_many(landing, monkeypatch):
    monkeypatch.setenv("GELOMBANG_CHECKS__MAX_DUPLICATE_ID_ROWS", "10")
    monkeypatch.setenv("GELOMBANG_CHECKS__MAX_DUPLICATE_ID_SHARE", "0.5")
    landing.csv(*numbered(0, 100))
    landing.csv(*numbered(0, 16), name="b.csv")
    configured.cache_clear()
    with pytest.raises(errors.DuplicateRegistrationError, match="32 of 116 rows"):
        landing.ingest()
    configured.cache_clear()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("b.csv", b"id;name\n1;2\n", "MissingColumnError"),
        ("b.csv", b"PK\x03\x04 a spreadsheet", "UnreadableFileError"),
        ("b.csv.gz", gzip.compress(b"x" * 999, mtime=0)[:-9], "UnreadableFileError"),
        ("b.csv", (",".join(NAMES) + '\n"').encode() + b"x" * 40_000, "FileLimitError"),
        ("b.parquet", b"PAR1 and no more", "UnreadableFileError"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_and_the_others_are_read(landing, monkeypatch, name, content, said):
    monkeypatch.setenv("GELOMBANG_INGEST__MAX_RECORD_BYTES", "20000")
    monkeypatch.setattr("pipeline.ingest.text_source._BLOCK", 1000)
    configured.cache_clear()
    landing.csv(GOOD)
    (landing.folder / name).write_bytes(content)
    counts, _ = landing.ingest()
    configured.cache_clear()
    assert (counts.taken_in, counts.quarantined) == (1, 1)
    record = files.read_json(landing.root / "work" / "wave-0001" / "ingest.json")
    assert record["quarantined_files"][name].startswith(said)
    assert str(landing.root) not in record["quarantined_files"][name]


def test_a_file_damaged_at_its_end_gives_none_of_its_rows(landing):
    landing.csv(GOOD)
    landing.csv(*numbered(100, 5000), name="b.csv.gz")
    path = landing.folder / "b.csv.gz"
    path.write_bytes(path.read_bytes()[:-8])
    counts, rows = landing.ingest()
    assert (counts.quarantined, [row["registration_id"] for row in rows]) == (1, ["R1"])


def test_shuffled_files_and_rows_give_the_same_bytes(tmp_path):
    rows = [{**GOOD, "registration_id": f"R{n:03d}"} for n in range(200)]
    digests = set()
    for attempt in range(3):
        random.Random(attempt).shuffle(rows)
        landing = Landing(tmp_path / str(attempt))
        for part in range(attempt + 1):
            landing.csv(*rows[part :: attempt + 1], name=f"{9 - part}.csv")
        landing.ingest()
        digests.add(files.sha256(landing.root / "work" / "wave-0001" / "registrations.parquet"))
    assert len(digests) == 1


hostile = st.one_of(
    st.binary(max_size=60).map(lambda b: b.replace(b"\n", b"").replace(b"\r", b"")),
    st.lists(st.text(max_size=8), min_size=12, max_size=14).map(lambda f: ",".join(f).encode("utf-8", "replace")),
    st.sampled_from([b'"', b'"""', b",,,", b"\x00", b"," * 12, b'x"y' + b"," * 12, "\u2028\u0085".encode()]),
)


@examples(60)
@given(lines=st.lists(hostile, max_size=12))
def test_random_hostile_rows_never_stop_ingest_and_never_vanish(lines, tmp_path_factory):
    landing = Landing(tmp_path_factory.mktemp("hostile"))
    landing.csv(GOOD)
    clean = [line.replace(b"\n", b"").replace(b"\r", b"") for line in lines]
    with (landing.folder / "a.csv").open("ab") as file:
        file.write(b"".join(line + b"\n" for line in clean))
    counts, rows = landing.ingest()
    physical = 1 + sum(bool(line.strip()) for line in clean)
    if any(b'"' in line for line in clean):  # then several lines may be one record, as RFC 4180 has it
        assert 1 <= counts.taken_in + counts.set_aside <= physical
    else:
        assert counts.taken_in + counts.set_aside == physical
    assert "R1" in [row["registration_id"] for row in rows]
    assert len(rows) == counts.taken_in


@pytest.mark.parametrize(
    ("kind", "given", "day"),
    [
        (pa.date32(), date(1960, 5, 15), date(1960, 5, 15)),
        (pa.date64(), date(1990, 5, 15), date(1990, 5, 15)),
        (pa.timestamp("us"), datetime(1990, 5, 15), date(1990, 5, 15)),
        (pa.timestamp("ns", "UTC"), datetime(1990, 5, 14, 17), date(1990, 5, 15)),
        (pa.timestamp("ms", "UTC"), datetime(1960, 5, 14, 16, 30), date(1960, 5, 15)),
        (pa.timestamp("us", "Asia/Jakarta"), datetime(1990, 5, 14, 17), date(1990, 5, 15)),
        (pa.string(), "1990-05-14T17:00:00Z", date(1990, 5, 15)),
    ],
)
def test_a_birth_date_of_any_type_is_the_day_in_wib(landing, kind, given, day):
    table = pa.table({k: [v] for k, v in GOOD.items()})
    table = table.set_column(NAMES.index("birth_date"), "birth_date", pa.array([given], kind))
    pq.write_table(table, landing.folder / "a.parquet")
    assert landing.ingest()[1][0]["birth_date"] == day


def test_the_error_of_a_file_keeps_no_table_of_it(landing):
    from pipeline.ingest.registration_files import Stage

    table = pa.table({name: ["x" * 1_100_000] for name in NAMES})
    pq.write_table(table, landing.folder / "a.parquet")
    done = Stage(landing.folder).add(landing.folder / "a.parquet")
    assert isinstance(done.error, errors.FileLimitError)
    assert done.error.__traceback__ is None
    assert done.error.__context__ is None
    assert done.error.advice
