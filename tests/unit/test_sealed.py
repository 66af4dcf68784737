"""Sealed files: nobody reads them without the key, and nobody changes them unseen."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline.domain.errors import BadSettingError, SealedFileError
from pipeline.storage.sealed import SealedWriter, blocks_of, header_of, key_at

HEADER = {"format": "x", "wave": 3}
TEXT = b"a face " * 40


@pytest.fixture
def key(tmp_path: Path) -> bytes:
    return key_at(tmp_path / "secrets", tmp_path / "data")


def sealed(path: Path, key: bytes, blocks: int = 3) -> Path:
    writer = SealedWriter(path, key, HEADER)
    for number in range(blocks):
        writer.add(TEXT + bytes([number]))
    return path


def test_blocks_come_back_and_nothing_of_them_is_on_the_disk(tmp_path: Path, key: bytes):
    path = sealed(tmp_path / "prints" / "x.sealed", key)
    assert list(blocks_of(path, key)) == [TEXT + bytes([n]) for n in range(3)]
    assert header_of(path)["wave"] == 3
    assert b"a face" not in path.read_bytes()
    assert key not in path.read_bytes()


def test_only_the_user_reads_key_folder_and_file(tmp_path: Path, key: bytes):
    path = sealed(tmp_path / "prints" / "x.sealed", key)
    made = {
        tmp_path / "secrets": 0o700,
        tmp_path / "secrets" / "descriptors.key": 0o600,
        path.parent: 0o700,
        path: 0o600,
    }
    assert {p: stat.S_IMODE(p.stat().st_mode) for p in made} == made


def test_one_key_whoever_asks_first(tmp_path: Path):
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: key_at(tmp_path / "secrets", tmp_path / "data"), range(32)))
    assert len(keys) == 1
    assert [path.name for path in (tmp_path / "secrets").iterdir()] == ["descriptors.key"]


def test_no_key_lies_below_the_data_root(tmp_path: Path):
    (tmp_path / "data").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "data")
    for folder in (tmp_path / "data" / "keys", tmp_path / "link" / "keys"):
        with pytest.raises(BadSettingError, match="below the data root"):
            key_at(folder, tmp_path / "data")


@pytest.mark.parametrize("broken", [b"", b"short", bytes(range(33))], ids=["empty", "short", "long"])
def test_a_damaged_key_is_named(tmp_path: Path, broken: bytes):
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "descriptors.key").write_bytes(broken)
    with pytest.raises(BadSettingError, match="32 bytes"):
        key_at(tmp_path / "secrets", tmp_path / "data")


def test_a_block_that_a_kill_cut_off_is_ignored(tmp_path: Path, key: bytes):
    path = sealed(tmp_path / "x.sealed", key)
    whole = path.read_bytes()
    for cut in (1, 20, len(TEXT)):
        path.write_bytes(whole[:-cut])
        assert len(list(blocks_of(path, key))) == 2


def test_what_was_changed_is_noticed(tmp_path: Path, key: bytes):
    path = sealed(tmp_path / "x.sealed", key)
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(SealedFileError, match="changed"):
        list(blocks_of(path, key))
    path.write_bytes(whole.replace(b'"wave":3', b'"wave":4'))
    with pytest.raises(SealedFileError, match="changed"):
        list(blocks_of(path, key))
    body = whole[whole.index(b"\n") + 1 :]
    size = len(body) // 3
    path.write_bytes(whole[: whole.index(b"\n") + 1] + body[size : 2 * size] + body[:size] + body[2 * size :])
    with pytest.raises(SealedFileError, match="changed"):
        list(blocks_of(path, key))


def test_another_key_opens_nothing(tmp_path: Path, key: bytes):
    path = sealed(tmp_path / "x.sealed", key)
    with pytest.raises(SealedFileError, match="another key"):
        list(blocks_of(path, key_at(tmp_path / "others", tmp_path / "data")))


def test_a_file_that_is_none_is_named(tmp_path: Path):
    (tmp_path / "x.sealed").write_bytes(b"\xff\xfe")
    with pytest.raises(SealedFileError, match="not a sealed file"):
        header_of(tmp_path / "x.sealed")
