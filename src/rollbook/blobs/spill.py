"""Sorted sets of fixed-size records that need not fit into memory: what does not is kept in unnamed temporary files."""

from __future__ import annotations

import heapq
import os
import tempfile
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import BinaryIO, Self, cast

_RECORDS = 200_000
_BLOCK = 4096


class Spill:
    """A set of records of one size. Add all, then iterate as often as needed. A context manager.

    Args:
        size: Bytes of a record.
        folder: Where temporary files go; None for the system's place.
        held: Records to hold in memory at most.
    """

    def __init__(self, size: int, folder: Path | None = None, *, held: int = _RECORDS) -> None:
        self._size = size
        self._folder = folder
        self._held = held
        self._fresh: set[bytes] = set()
        self._runs: list[BinaryIO] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for run in self._runs:
            run.close()
        self._runs.clear()
        self._fresh.clear()

    def add(self, record: bytes) -> None:
        """Add one record; the same one may be added again."""
        self._fresh.add(record)
        if len(self._fresh) >= self._held:
            self._write()

    def __iter__(self) -> Iterator[bytes]:
        """Every record once, in the order of its bytes."""
        streams = [self._read(run) for run in self._runs]
        merged = heapq.merge(*streams, iter(sorted(self._fresh)))
        return (record for record, _ in groupby(merged))

    def _write(self) -> None:
        run = cast(BinaryIO, tempfile.TemporaryFile(dir=self._folder, buffering=1024 * 1024))  # noqa: SIM115 - kept open until the set is left
        self._runs.append(run)
        for record in sorted(self._fresh):
            run.write(record)
        run.flush()
        self._fresh.clear()

    def _read(self, run: BinaryIO) -> Iterator[bytes]:
        size, offset = self._size, 0
        while block := os.pread(run.fileno(), size * _BLOCK, offset):
            yield from (block[start : start + size] for start in range(0, len(block), size))
            offset += len(block)
