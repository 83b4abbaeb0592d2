"""The data that the storage benchmarks log. Everything is generated from a seed, at full size or a fraction of it.

W1: one 2 GiB checkpoint of bytes that do not compress. W2: 20,000 files of 4-64 KiB. W3: a CSV interaction log of about
1.07 GiB that grows: 1 % of rows inserted in 50 blocks, as many appended. W4: a 300 MB checkpoint of 100 tensors, 5 of
which change.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

MIB = 1 << 20
_BLOCK = 16 * MIB
_LOG_ROWS = 24_100_000
_LOG_ROW_BYTES = 48
_LOG_BATCH = 1_000_000


def write_checkpoint(path: Path, *, scale: float = 1.0, seed: int = 0) -> None:
    """W1: `scale` x 2 GiB of random bytes."""
    random = np.random.default_rng(seed)
    left = int(2048 * MIB * scale)
    with path.open("wb") as file:
        while left:
            left -= file.write(random.bytes(min(left, _BLOCK)))


def write_small_files(folder: Path, *, scale: float = 1.0, seed: int = 0) -> None:
    """W2: `scale` x 20,000 files of 4-64 KiB of random bytes, 200 to a folder."""
    random = np.random.default_rng(seed)
    for number in range(int(20_000 * scale)):
        path = _small_file(folder, number)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(random.bytes(int(random.integers(4 << 10, 64 << 10))))


def change_small_files(folder: Path, *, scale: float = 1.0, seed: int = 1) -> None:
    """W2, next version: 1 % of the files get other bytes."""
    random = np.random.default_rng(seed)
    count = int(20_000 * scale)
    for number in random.choice(count, size=max(1, count // 100), replace=False):
        path = _small_file(folder, int(number))
        path.write_bytes(random.bytes(path.stat().st_size))


def write_log(path: Path, *, scale: float = 1.0, seed: int = 0) -> None:
    """W3: a CSV log of `scale` x 24.1 million interactions of students with items."""
    random = np.random.default_rng(seed)
    with path.open("wb") as file:
        file.write(b"student,item,skill,time,seconds,hints,correct\n")
        left = int(_LOG_ROWS * scale)
        while left:
            rows = min(left, _LOG_BATCH)
            file.write(_interactions(random, rows))
            left -= rows


def grow_log(path: Path, *, seed: int) -> None:
    """W3, next version: 1 % of rows inserted in 50 blocks at random places, and as many appended."""
    random = np.random.default_rng(seed)
    size = path.stat().st_size
    block = max(1, int(size / _LOG_ROW_BYTES * 0.01 / 50))
    places = np.sort(random.integers(100, size, size=50))
    grown = path.with_suffix(".grown")
    with path.open("rb") as old, grown.open("wb") as new:
        for place in places:
            _copy(old, new, max(0, int(place) - old.tell()))
            new.write(old.readline() + _interactions(random, block))
        _copy(old, new, size)
        new.write(_interactions(random, 50 * block))
    grown.replace(path)


def write_tensors(path: Path, *, scale: float = 1.0, seed: int = 0) -> None:
    """W4: a safetensors file of 100 tensors, `scale` x 3 MB each."""
    size = int(3_000_000 * scale)
    header: dict[str, object] = {
        f"layers.{number}.weight": {
            "dtype": "U8",
            "shape": [size],
            "data_offsets": [number * size, (number + 1) * size],
        }
        for number in range(100)
    }
    text = json.dumps(header).encode()
    random = np.random.default_rng(seed)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for _ in range(100):
            file.write(random.bytes(size))


def change_tensors(path: Path, *, seed: int) -> None:
    """W4, next version: 5 of the 100 tensors get other values."""
    random = np.random.default_rng(seed)
    with path.open("r+b") as file:
        start = 8 + int.from_bytes(file.read(8), "little")
        size = (path.stat().st_size - start) // 100
        for number in random.choice(100, size=5, replace=False):
            file.seek(start + int(number) * size)
            file.write(random.bytes(size))


def _small_file(folder: Path, number: int) -> Path:
    return folder / f"{number // 200:03d}" / f"{number:05d}.bin"


def _interactions(random: np.random.Generator, rows: int) -> bytes:
    """CSV lines of about 48 bytes."""
    item = random.integers(0, 20_000, rows)
    table = pa.table(
        {
            "student": random.integers(1_000_000, 1_200_000, rows),
            "item": item + 100_000,
            "skill": item % 400 + 1_000,
            "time": np.cumsum(random.integers(1, 2_000_000, rows)) + 1_700_000_000_000_000,
            "seconds": np.round(random.lognormal(3.0, 0.8, rows), 3),
            "hints": random.poisson(0.4, rows),
            "correct": random.integers(0, 2, rows),
        }
    )
    sink = pa.BufferOutputStream()
    pa_csv.write_csv(table, sink, pa_csv.WriteOptions(include_header=False, quoting_style="none"))
    return sink.getvalue().to_pybytes()


def _copy(source: BinaryIO, target: BinaryIO, count: int) -> None:
    """Copy `count` bytes, or what is left of `source`."""
    while count > 0 and (block := source.read(min(count, _BLOCK))):
        target.write(block)
        count -= len(block)
