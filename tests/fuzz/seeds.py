"""What is changed: one face in every format that is read, and a hundred applications as CSV and Parquet of every form.

The face is a picture that a package ships; the applications are of nobody.
"""

from __future__ import annotations

import gzip
import io
from datetime import date, datetime
from functools import cache
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from pipeline.domain.contracts import REGISTRATIONS


def _encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def photographs(_number: int = 0) -> tuple[bytes, ...]:
    """The face as JPEG, PNG, WebP, GIF and HEIC, in several modes of each."""
    return _photographs()


@cache
def _photographs() -> tuple[bytes, ...]:
    from pillow_heif import register_heif_opener
    from skimage import data

    register_heif_opener()
    face = Image.fromarray(data.astronaut()).crop((60, 0, 400, 400)).resize((255, 300))
    turned = Image.Exif()
    turned[0x0112] = 6
    return (
        _encoded(face, "JPEG"),
        _encoded(face, "JPEG", progressive=True, subsampling=0),
        _encoded(face.convert("CMYK"), "JPEG"),
        _encoded(face.convert("L"), "JPEG", exif=turned),
        _encoded(face, "PNG"),
        _encoded(face.quantize(), "PNG"),
        _encoded(face.convert("RGBA"), "PNG"),
        _encoded(face.convert("I;16"), "PNG"),
        _encoded(face, "WEBP"),
        _encoded(face, "WEBP", lossless=True),
        _encoded(face, "GIF", save_all=True, append_images=[face.rotate(9)]),
        _encoded(face, "HEIF"),
    )


#: Applications of files whose numbers are not further apart than this have other ids: they are read together.
TOGETHER = 20


def _rows(slot: int) -> list[dict[str, Any]]:
    return [
        {
            "registration_id": f"R{slot:02d}{number:04d}",
            "submitted_at": datetime(2020, 4, 12, 10, number % 60),
            "nik": f"317101550590{number:04d}",
            "kk": "3171010000000001",
            "full_name": ("SITI", "Ny. Dewi, S.E.", "José", 'Budi "Bo"')[number % 4],
            "birth_date": date(1990, 5, 15),
            "sex": "LP"[number % 2],
            "phone": "+62 812-0000-0000",
            "phone_verified": True,
            "email": "a@b.id",
            "email_verified": number % 2 == 0,
            "province_code": "31",
            "selfie": None if number % 9 == 0 else f"{number}.jpg",
        }
        for number in range(100)
    ]


def _text(slot: int, separator: str = ",", quote: bool = False, ends: str = "\n") -> str:
    def cell(value: Any) -> str:
        text = "" if value is None else str(value)
        return '"' + text.replace('"', '""') + '"' if quote or separator in text or '"' in text else text

    lines = [separator.join(REGISTRATIONS.names), *(separator.join(map(cell, row.values())) for row in _rows(slot))]
    return ends.join(lines) + ends


def texts(number: int = 0) -> tuple[bytes, ...]:
    """The applications as delimited text, in the forms that portals and spreadsheets write."""
    return _texts(number % TOGETHER)


@cache
def _texts(slot: int) -> tuple[bytes, ...]:
    return (
        _text(slot).encode(),
        _text(slot, ";", quote=True, ends="\r\n").encode("utf-8-sig"),
        _text(slot, "\t").encode("utf-16"),
        _text(slot, "|", ends="\r").encode("cp1252"),
        ("sep=;\n" + _text(slot, ";")).encode(),
        gzip.compress(_text(slot).encode(), mtime=0),
    )


def parquets(number: int = 0) -> tuple[bytes, ...]:
    """The applications as Parquet, in the encodings that libraries write."""
    return _parquets(number % TOGETHER)


@cache
def _parquets(slot: int) -> tuple[bytes, ...]:
    table = pa.Table.from_pylist(_rows(slot), schema=REGISTRATIONS)
    forms: tuple[dict[str, Any], ...] = (
        {},
        {"compression": "zstd", "use_dictionary": False},
        {"compression": "gzip", "data_page_version": "2.0", "row_group_size": 10},
        {"compression": "none", "version": "1.0", "write_statistics": False},
    )
    words = pa.table({name: table[name].cast(pa.string()) for name in table.column_names})
    coded = pa.table({name: words[name].dictionary_encode() for name in words.column_names})
    lists = words.set_column(4, "full_name", pa.array([[row["full_name"]] for row in _rows(slot)]))
    zoned = table.set_column(1, "submitted_at", table["submitted_at"].cast(pa.timestamp("ns", "Asia/Jakarta")))
    tables = [(table, options) for options in forms] + [(one, {}) for one in (words, coded, lists, zoned)]
    found = []
    for one, options in tables:
        out = io.BytesIO()
        pq.write_table(one, out, **options)
        found.append(out.getvalue())
    return tuple(found)
