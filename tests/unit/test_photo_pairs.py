"""Lists of photograph pairs: a pair is a row of the answer, in order, or the list is refused with its line."""

from __future__ import annotations

import pytest

from pipeline.commands.common.photo_pairs import read_columns
from pipeline.domain.errors import MissingColumnError, UnreadableFileError

H = b"selfie,reference\n"


@pytest.mark.parametrize(
    ("content", "pairs"),
    [
        (H, []),
        (H + b"a.jpg,b.jpg\n", [("a.jpg", "b.jpg")]),
        (H + b" a.jpg , b.jpg\t\n", [("a.jpg", "b.jpg")]),
        (H + b"'a.jpg,\t'b.jpg\xc2\xa0\n", [("a.jpg", "b.jpg")]),  # as a spreadsheet marks text
        (H + b'"a, 1.jpg",b.jpg\n', [("a, 1.jpg", "b.jpg")]),
        (H + b"Jos\xe9.jpg,b.jpg\nJos\xc3\xa9.jpg,b.jpg\n", [("José.jpg", "b.jpg")] * 2),
        (H + b"a.jpg,\n,b.jpg\n", [("a.jpg", ""), ("", "b.jpg")]),
        (b"reference;selfie\r\nb.jpg;a.jpg\r\n", [("a.jpg", "b.jpg")]),
        (b"selfie\treference\ra.jpg\tb.jpg\r", [("a.jpg", "b.jpg")]),
        ("selfie,reference\nsiti é.jpg,b.jpg\n".encode("utf-16"), [("siti é.jpg", "b.jpg")]),
        (H + b"a.jpg,b.jpg\nselfie,reference\nc.jpg,d.jpg\n", [("a.jpg", "b.jpg"), ("c.jpg", "d.jpg")]),
    ],
)
def test_every_pair_is_read(tmp_path, content, pairs):
    (tmp_path / "pairs.csv").write_bytes(content)
    table = read_columns(tmp_path / "pairs.csv", ("selfie", "reference"))
    assert list(zip(table["selfie"].to_pylist(), table["reference"].to_pylist(), strict=True)) == pairs


@pytest.mark.parametrize(
    ("content", "error", "says"),
    [
        (b"", MissingColumnError, r"pairs\.csv has no column selfie, reference"),
        (b"selfie;photo\n", MissingColumnError, r"pairs\.csv has no column reference.*semicolon"),
        (H + b"a.jpg,b.jpg\na, 1.jpg,b.jpg\n", UnreadableFileError, r"pairs\.csv, line 3: wrong number of fields"),
        (H + b'a.jpg,b.jpg\n\n"a.jpg,b.jpg\n', UnreadableFileError, r"pairs\.csv, line 4: quote"),
        (H + b"a.jpg,b.jpg\n,\na.jpg,b.jpg\n", UnreadableFileError, r"pairs\.csv, line 3: blank row"),
        (H + H * 200 + b"a.jpg\n", UnreadableFileError, r"pairs\.csv.*wrong number of fields"),
        (H + b"a.jpg\n", UnreadableFileError, r"pairs\.csv, line 2"),
    ],
)
def test_a_line_that_is_no_pair_is_named(tmp_path, content, error, says):
    (tmp_path / "pairs.csv").write_bytes(content)
    with pytest.raises(error, match=says):
        read_columns(tmp_path / "pairs.csv", ("selfie", "reference"))
