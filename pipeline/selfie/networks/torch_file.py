"""Reads the tensors of a file that PyTorch wrote before its version 1.6, without PyTorch. Reads only that file.

Such a file is five pickles – a magic number, the protocol, the machine, the tensors' shapes, their storages' names –
and then every storage: its count of numbers and the numbers. The unpickler knows tensors and nothing else: a file
cannot make it run code.
"""

from __future__ import annotations

import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.domain.errors import MissingModelError

_MAGIC = 0x1950A86A20F9469CFC6C
_KINDS: dict[str, np.dtype[Any]] = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


class _View(NamedTuple):
    """A tensor: a part of a storage, by its first number, its shape, and how far apart neighbours lie."""

    storage: str
    first: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def _view(storage: str, first: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: object) -> _View:
    return _View(storage, first, shape, strides)


class _Tensors(pickle.Unpickler):
    """Unpickles names and views; ``kinds`` then says of which type each storage is."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file)
        self.kinds: dict[str, np.dtype[Any]] = {}

    def find_class(self, module: str, name: str) -> Any:
        match module, name:
            case "collections", "OrderedDict":
                return OrderedDict
            case "torch._utils", "_rebuild_tensor_v2":
                return _view
            case "torch", kind if kind in _KINDS:
                return kind
        raise pickle.UnpicklingError(f"{module}.{name} is no tensor")

    def persistent_load(self, pid: Any) -> str:
        _, kind, key, *_ = pid
        self.kinds[key] = _KINDS[kind]
        return str(key)


def read_tensors(path: Path) -> dict[str, NDArray[Any]]:
    """Every tensor by its name; MissingModelError if the file is something else."""
    try:
        with path.open("rb") as file:
            if _Tensors(file).load() != _MAGIC:
                raise pickle.UnpicklingError("another magic number")
            for _ in ("protocol", "machine"):
                _Tensors(file).load()
            named = _Tensors(file)
            views: dict[str, _View] = named.load()
            storages = {key: _storage(file, named.kinds[key]) for key in _Tensors(file).load()}
        return {name: _array(storages[view.storage], view) for name, view in views.items()}
    except (pickle.UnpicklingError, EOFError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise MissingModelError(f"{path} is not a file of PyTorch's tensors: {error}.") from error


def _storage(file: BinaryIO, kind: np.dtype[Any]) -> NDArray[Any]:
    count = int.from_bytes(file.read(8), "little")
    return np.frombuffer(file.read(count * kind.itemsize), kind, count)


def _array(storage: NDArray[Any], view: _View) -> NDArray[Any]:
    steps = [stride * storage.itemsize for stride in view.strides]
    return np.lib.stride_tricks.as_strided(storage[view.first :], view.shape, steps).copy()
