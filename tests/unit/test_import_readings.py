"""A batch of a register's texts read at once says what the row-wise reading says, value by value and byte by byte."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.contracts import EXTRACTS, Table
from pipeline.importing import batch_readings, readings
from pipeline.importing.mapping import Mapping
from pipeline.importing.outcome import Tally
from pipeline.importing.sources import open_sources
from pipeline.importing.staging import FORM, stage
from pipeline.importing.text_kernels import plain_texts, sixteen_digits
from pipeline.storage import duckdb_sql
from tests.effort import examples

MAPPED = Mapping(
    values={
        "level": {"S1": "SARJANA", "-": "TIDAK ADA", "'X": "x"},
        "status": {"AKTIF": "active", "LULUS": "graduated"},
        "nik": {"3171010000000001": "3171010000000002"},
        "sex": {"1": "L", "2": "P"},
    },
    constants={
        "register": " Dapodik",
        "photo": "",
        "programme": "'PKH",
        "alive": "ya",
        "since": "1 Mei 2020",
        "kk": "7",
    },
)


def listed(texts: str) -> list[str]:
    """Texts without blanks."""
    return texts.split()


NUMBERS = listed("""
    3171010000000001 0171010000000001 '3171010000000001 3171010000000001' 31710100000000012 317101000000001
    +171010000000001 -171010000000001 3171010000000001.0 3.17E+15 3,17101e15 3.17101010190000E+15 0x71010000000001
    3_71010000000001 317101000000000O 317101000000000/ 317101000000000: ٣١٧١٠١٠٠٠٠٠٠٠٠٠١
    １２３４５６７８９０１２３４５６ 31710100ü0000001
""")
DAYS = listed("""
    1990-05-15 15/05/1990 15-5-1990 1.5.1990 1990/05/15 1990-5-5 0000-00-00 9999-12-31 1849-12-31 1850-01-01 2200-12-31
    2201-01-01 32/01/1990 1990-02-30 19900515 infinity epoch 15-Mei-1990 1990-05-15T10:20 1963-12-31T18:00:00Z
""")
DAYS += ["1990-05-15 00:00:00", "5 Mei 1990", "Mei 5, 1990", "15 Agustus 1990 10:20", "2020-01-01 23:30:00 WIT"]
WORDS = listed("""
    true FALSE t f 1 0 2 ya Ya TIDAK benar salah hidup L P l p laki-laki WNI wni WNA ID active AKTIF Lulus left dapodik
    EMIS S1 s1 - NULL null nUlL NUL NULLS \\N \\n \\NN N n NI n/a None _ ~ ! !x x! (X) ' '' 'x x' ''x "x" -x x- -- é É
    Éx xÉ NÜLL ſ ſſſſ ı ﬁ 😀 x😀 😀x NU😀 \x7f x\x7f A\x00B \x00 x\x00 12345 a12345b
""")
AROUND = ["", " ", "\t", "\xa0", "\ufeff", "\x00", "'", "\r\n", "　"]
TEXTS: list[str | None] = [None, "", *NUMBERS, *DAYS, *WORDS, "a word of more than thirty letters, which is cut"]
TEXTS += [
    f"{before}{text}{after}"
    for before in AROUND
    for after in AROUND
    for text in ("3171010000000001", "1990-05-15", "X")
]
anything = st.one_of(
    st.sampled_from(TEXTS),
    st.text(max_size=6),
    st.text(alphabet="NULl\\nN-' \xa0é1", max_size=6),
    st.text(alphabet="0123456789٣+-. ", min_size=15, max_size=17),
    st.dates().map(str),
    st.tuples(st.sampled_from(AROUND), st.text(max_size=3), st.sampled_from(AROUND)).map("".join),
)


def in_rows(texts: list[str | None], contract: Table) -> pa.Table:
    """Each text once in each column, beside another one in every column."""
    names = contract.schema.names
    return pa.table({n: pa.array(texts[i:] + texts[:i], pa.string()) for i, n in enumerate(names)})


class BothWays:
    """One extract's two readings, each of which keeps what it has learnt from one batch to the next."""

    def __init__(self, work: Path, stack: ExitStack, contract: Table, mapping: Mapping) -> None:
        self.question = readings.staged(contract, mapping)
        self.db = stack.enter_context(duckdb_sql.connect(work))
        self.db.execute("SET preserve_insertion_order = true")
        readings.define(self.db)
        self.read = stack.enter_context(batch_readings.reader(work, contract, mapping))

    def row_wise(self, texts: pa.Table) -> pa.Table:
        self.db.register("delivered", texts)
        return self.db.sql(self.question).to_arrow_table()


@pytest.fixture(scope="module", params=[Mapping(), MAPPED], ids=["plain", "mapped"])
def both_ways(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, BothWays]]:
    with ExitStack() as stack:
        work = tmp_path_factory.mktemp("readings")
        yield {name: BothWays(work / name, stack, contract, request.param) for name, contract in EXTRACTS.items()}


@pytest.mark.parametrize("name", EXTRACTS)
def test_each_text_is_read_in_a_batch_as_it_is_row_by_row(both_ways: dict[str, BothWays], name: str):
    ways, texts = both_ways[name], in_rows(TEXTS, EXTRACTS[name])
    expected = ways.row_wise(texts)
    for again in range(2):  # the second time from the answers that were kept
        assert ways.read(texts).equals(expected), again
    for cut in (slice(0, 0), slice(3, 4), slice(7, 90)):
        part = texts.slice(cut.start, cut.stop - cut.start)
        assert ways.read(part).equals(expected.slice(cut.start, cut.stop - cut.start))


@examples(25)
@given(texts=st.lists(anything, max_size=40), name=st.sampled_from([*EXTRACTS]))
def test_any_text_is_read_in_a_batch_as_it_is_row_by_row(
    both_ways: dict[str, BothWays], texts: list[str | None], name: str
):
    rows = in_rows(texts, EXTRACTS[name])
    assert both_ways[name].read(rows).to_pylist() == both_ways[name].row_wise(rows).to_pylist()


def test_of_a_column_with_many_texts_no_answer_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(batch_readings, "_KEPT", 5)
    contract = EXTRACTS["blacklist"]
    texts = in_rows(TEXTS, contract)
    with ExitStack() as stack:
        ways = BothWays(tmp_path, stack, contract, Mapping())
        expected = ways.row_wise(texts)
        column = batch_readings.ColumnReader(ways.db, contract, contract.column("since"), Mapping())
        for _ in range(3):
            assert column.read(texts).equals(expected.select(["since", "bad_since"]))
            assert len(column._texts) == 0


@pytest.mark.parametrize("texts", [[], [None], ["3171010000000001", "9999999999999999"], NUMBERS, TEXTS[::-1]])
def test_sixteen_digits_are_read_without_a_question(texts: list[str | None]):
    for array in (pa.array(texts, pa.string()), pa.array([*texts, "x"], pa.string())[:-1]):
        numbers, understood = sixteen_digits(array)
        is_plain = [bool(t) and len(t) == 16 and t.isascii() and t.isdigit() for t in (t or "" for t in texts)]
        assert understood.tolist() == is_plain
        assert [n for n, good in zip(numbers.to_pylist(), is_plain, strict=True) if good] == [
            int(t) for t, good in zip(texts, is_plain, strict=True) if good and t
        ]


def test_most_names_are_read_without_a_question():
    names = ["SITI AMINAH", "O'BRIEN", "NURUL", "ADI", "(X)", "JOSÉ L."]
    asked = [None, "", "-", "NULL", "NI", "'X", " X", "X ", "ÉLISE", "JOSÉ"]
    assert plain_texts(pa.array(names + asked, pa.string()))[1].tolist() == [True] * len(names) + [False] * len(asked)


def as_before(db: duckdb.DuckDBPyConnection, contract: Table, texts: pa.Table, path: Path) -> bytes:
    """The delivery of a register whose rows are read one by one."""
    db.register("delivered", texts)
    duckdb_sql.copy(db, readings.staged(contract, Mapping()), path.with_name("before.parquet"), duckdb_sql.PASSING)
    plain = path.with_name("plain.parquet")  # as staging writes: by statistics, DuckDB would call columns never empty
    pq.write_table(pq.read_table(path.with_name("before.parquet")), plain, **FORM)
    duckdb_sql.copy(db, readings.delivery(contract, duckdb_sql.read([plain])), path)
    return path.read_bytes()


FEW_BAD = ["317,,", " 3171010000000009 ,-,nein", "3171010000000009,'BST ,ACTIVE", "3.17E+15,PKH,active"]
ONE_WORD = ["3.17E+15,PKH,active", "3171010000000009,,active"]


@pytest.mark.parametrize(
    ("words", "bad"),
    [(["PKH", "BST"], []), (["PKH", "BST"], FEW_BAD), (["PKH"], ONE_WORD)],
    ids=["nothing bad", "few bad", "one word"],
)
def test_the_delivery_has_the_same_bytes_as_if_rows_were_read_one_by_one(
    tmp_path: Path, words: list[str], bad: list[str]
):
    """Whatever rows were set aside."""
    contract = EXTRACTS["bansos"]
    lines = [
        f"{3171010000000001 + n * 7919 % 30_011},{words[n % len(words)]},{'active' if n % 3 else 'ended'}"
        for n in range(130_000)
    ]
    lines += bad
    source = tmp_path / "x.csv"
    source.write_text("nik,programme,status\n" + "\n".join(lines) + "\n")
    with duckdb_sql.connect(tmp_path) as db:
        readings.define(db)
        stage(contract, Mapping(), open_sources(str(source), Mapping(), []), tmp_path / "staged.parquet", print)
        delivered = readings.delivery(contract, duckdb_sql.read([tmp_path / "staged.parquet"]))
        duckdb_sql.copy(db, delivered, tmp_path / "now.parquet")
        [opened] = open_sources(str(source), Mapping(), [])
        texts = pa.concat_tables(opened.tables(contract.schema.names))
        assert (tmp_path / "now.parquet").read_bytes() == as_before(db, contract, texts, tmp_path / "x.parquet")


def test_words_outside_a_closed_list_are_counted_until_they_are_many():
    population = EXTRACTS["population"]
    contract = Table("x", "", (population.column("nik"), population.column("sex")))

    def rows(words: list[str | None]) -> pa.Table:
        columns = {"nik": [1] * len(words), "bad_nik": [False] * len(words), "sex": [None] * len(words)}
        columns |= {"bad_sex": [bool(word) for word in words], "word_sex": words, "problem": [None] * len(words)}
        kinds = {"problem": pa.string(), "sex": pa.string(), "word_sex": pa.string()}
        return pa.table({name: pa.array(values, kinds.get(name)) for name, values in columns.items()})

    few, many = Tally(contract), Tally(contract)
    few.add(rows(["b", "a", "b", "a12345"]))
    few.add(rows([None, "c", "c", "c"]))
    assert few.outcome(Counter()).words == {"sex": ["c", "b", "a"]}
    for n in range(40):
        many.add(rows([f"NAMA {n}", f"NAMA {n + 1}"]))
    assert many.outcome(Counter()).words == {"sex": []}
    assert len(many._words["sex"]) < 20
