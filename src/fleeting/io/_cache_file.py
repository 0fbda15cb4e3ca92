"""One entry of the cache as one flat file: a header in JSON, then arrays that NumPy can map into memory.

Layout, version 1::

    bytes 0..7     b"FLEETAR1"
    bytes 8..11    length of the header, little-endian
    bytes 12..15   CRC-32 of the header, little-endian
    header         ASCII JSON: schema, key, meta, bytes (of the whole file) and for each array its name,
                   dtype, shape, offset (from the start of the file), bytes and crc32
    arrays         raw, C order, little-endian, each at a multiple of 64 bytes, zeros between

Nothing is pickled. Any program that reads JSON can read it; in NumPy an array is
``np.memmap(path, dtype, "r", offset, shape)``.
"""

import json
import math
import mmap
import os
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from fleeting.core import UsageError

SCHEMA = "fleeting.cache/1"
MAGIC = b"FLEETAR1"
ALIGN = 64
KINDS = "biuf"  # bool, integers, floats: what needs no pickling


class DamagedError(Exception):
    """A file is no whole entry; the text says why. Private: the cache tells it as data."""


def pack_header(key: str, arrays: Mapping[str, np.ndarray], meta: Mapping[str, Any]) -> tuple[bytes, int]:
    """Give the first bytes of the file, up to the first array, and the size of the whole file.

    Raises
    ------
    UsageError
        For an array of objects, or meta that JSON cannot carry.
    """
    for name, values in arrays.items():
        if values.dtype.kind not in KINDS:
            raise UsageError(f"array {name!r}: type {values.dtype} cannot be kept; expected numbers")
    offset = 0
    for _ in range(
        8
    ):  # the offsets lengthen the header, and the header moves the offsets: it settles at once
        listed, size = _places(arrays, offset)
        told = {"schema": SCHEMA, "key": key, "meta": dict(meta), "bytes": size, "arrays": listed}
        try:
            text = json.dumps(told, allow_nan=False).encode("ascii")
        except (TypeError, ValueError) as error:
            raise UsageError(f"meta of {key!r}: {error}; give plain numbers, text and lists") from error
        needed = _aligned(len(MAGIC) + 8 + len(text))
        if needed == offset:
            break
        offset = needed
    head = MAGIC + struct.pack("<II", len(text), zlib.crc32(text)) + text
    return head.ljust(offset, b"\0"), size


def _places(arrays: Mapping[str, np.ndarray], offset: int) -> tuple[list[dict[str, Any]], int]:
    listed = []
    end = offset
    for name, values in arrays.items():
        at = _aligned(end)
        listed.append(
            {
                "name": name,
                "dtype": values.dtype.str,
                "shape": list(values.shape),
                "offset": at,
                "bytes": values.nbytes,
                "crc32": _crc(values),
            }
        )
        end = at + values.nbytes
    return listed, end


def _aligned(number: int) -> int:
    return -(-number // ALIGN) * ALIGN


def _crc(values: np.ndarray) -> int:
    return zlib.crc32(values.reshape(-1).view(np.uint8).data) if values.nbytes else 0


def write_entry(file: BinaryIO, key: str, arrays: Mapping[str, np.ndarray], meta: Mapping[str, Any]) -> None:
    """Write an entry to an open file."""
    plain = {name: _plain(values) for name, values in arrays.items()}
    head, size = pack_header(key, plain, meta)
    file.write(head)
    for values in plain.values():
        file.write(b"\0" * (_aligned(file.tell()) - file.tell()))
        file.write(values.reshape(-1).view(np.uint8).data if values.nbytes else b"")
    if file.tell() != size:
        raise AssertionError(f"{key}: wrote {file.tell()} bytes, planned {size}")


def _plain(values: np.ndarray) -> np.ndarray:
    values = np.asarray(values)
    return np.ascontiguousarray(values, values.dtype.newbyteorder("<")).reshape(values.shape)


def read_entry(path: Path, key: str, *, verify: bool) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Map the arrays of an entry, read-only, and give its meta.

    Raises
    ------
    DamagedError
        Saying what does not fit.
    OSError
        As opening a file does.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        told = _read_header(file, size)
        whole = np.frombuffer(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), np.uint8)
    if told.get("key") != key:
        raise DamagedError("it holds another key")
    arrays = {}
    for one in told["arrays"]:
        raw = whole[one["offset"] : one["offset"] + one["bytes"]]
        if verify and zlib.crc32(raw.data) != one["crc32"]:
            raise DamagedError(f"the checksum of {one['name']!r} does not fit")
        arrays[one["name"]] = raw.view(np.dtype(one["dtype"])).reshape(one["shape"])
    return arrays, told["meta"]


def _read_header(file: BinaryIO, size: int) -> dict[str, Any]:
    start = file.read(len(MAGIC) + 8)
    if len(start) < len(MAGIC) + 8 or start[: len(MAGIC)] != MAGIC:
        raise DamagedError("it does not begin as an entry does")
    length, check = struct.unpack("<II", start[len(MAGIC) :])
    text = file.read(min(length, size))
    if len(text) != length or zlib.crc32(text) != check:
        raise DamagedError("its header is not whole")
    told = json.loads(text)
    if told.get("bytes", size) != size:
        raise DamagedError(f"it has {size} bytes instead of {told['bytes']}")
    if told.get("schema") != SCHEMA or not all(_fits(one, size) for one in told["arrays"]):
        raise DamagedError("its header is not one of this version")
    return dict(told)


def _fits(one: Mapping[str, Any], size: int) -> bool:
    dtype = np.dtype(one["dtype"])
    inside = one["offset"] >= 0 and one["offset"] + one["bytes"] <= size
    return dtype.kind in KINDS and inside and one["bytes"] == dtype.itemsize * math.prod(one["shape"])


def size_on_disk(folder: Path, suffix: str) -> tuple[int, int]:
    """Count entries and their bytes below a folder."""
    count = total = 0
    for place in os.scandir(folder) if folder.is_dir() else ():
        if place.is_dir() and len(place.name) == 2:
            with os.scandir(place.path) as files:
                sizes = [one.stat().st_size for one in files if one.name.endswith(suffix)]
            count, total = count + len(sizes), total + sum(sizes)
    return count, total
