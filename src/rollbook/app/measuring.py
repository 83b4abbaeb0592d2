"""Measures space exactly: which entries of the store each version needs, and which of them nothing else does.

Every version is followed to its chunks; the pairs are sorted on disk, so memory does not grow with their number.
"""

from __future__ import annotations

import struct
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import NamedTuple

from rollbook.app.collect import blobs_of
from rollbook.app.register import Register
from rollbook.blobs.spill import Spill
from rollbook.blobs.survey import DIGEST_BYTES, Entry, Inventory
from rollbook.catalog import space
from rollbook.catalog.usage import Figures, Level

_OWNER = struct.Struct(">QQQ")
_PAIR_BYTES = DIGEST_BYTES + _OWNER.size
Measured = dict[tuple[Level, int], Figures]


class _Sums(NamedTuple):
    logical: dict[tuple[Level, int], int]
    stored: dict[tuple[Level, int], int]
    exclusive: dict[tuple[Level, int], int]


def measure(register: Register, organisation: int) -> Measured:
    """Figures of every project, collection and membership of an organisation, by level and key.

    Raises:
        CorruptData: A manifest or a recipe is damaged.
        NotFound: A manifest is not stored.
    """
    sums = _Sums(defaultdict(int), defaultdict(int), defaultdict(int))
    collector = register.blobs.collector()
    with collector.inventory() as inventory, Spill(_PAIR_BYTES) as named, Spill(_PAIR_BYTES) as needed:
        _name(register, organisation, named, sums)
        for digest, owners in _expanded(inventory, named):
            for owner in owners:
                needed.add(digest + owner)
        _add_up(inventory, needed, sums)
    return {key: Figures(size, sums.stored[key], sums.exclusive[key]) for key, size in sums.logical.items()}


def _name(register: Register, organisation: int, named: Spill, sums: _Sums) -> None:
    """Which blobs each living membership names."""
    last = 0
    while True:
        with register.catalog.read() as connection:
            page = space.living(connection, organisation, after=last)
        if not page:
            return
        for row in page:
            owner = _OWNER.pack(row.project, row.collection, row.key)
            for key in _keys(row.project, row.collection, row.key):
                sums.logical[key] += row.size
            for blob in blobs_of(register, row.manifest_blob):
                named.add(blob.raw + owner)
        last = page[-1].key


def _expanded(inventory: Inventory, named: Iterable[bytes]) -> Iterator[tuple[bytes, list[bytes]]]:
    """Every entry that a blob needs, with the owners of the blob."""
    for digest, owners, copies in _joined(inventory, named):
        yield digest, owners
        for chunk in inventory.chunks(copies):
            yield chunk, owners


def _add_up(inventory: Inventory, needed: Iterable[bytes], sums: _Sums) -> None:
    for _, owners, copies in _joined(inventory, needed):
        if not copies:
            continue
        size = copies[0].stored
        found: dict[Level, set[int]] = {"project": set(), "collection": set(), "version": set()}
        for owner in owners:
            for level, key in _keys(*_OWNER.unpack(owner)):
                found[level].add(key)
        for level, keys in found.items():
            for key in keys:
                sums.stored[level, key] += size
            if len(keys) == 1:
                sums.exclusive[level, next(iter(keys))] += size


def _joined(inventory: Inventory, pairs: Iterable[bytes]) -> Iterator[tuple[bytes, list[bytes], list[Entry]]]:
    """Sorted pairs grouped by digest, with every copy of that entry."""
    held: list[bytes] = []

    def digests() -> Iterator[bytes]:
        for digest, group in groupby(pairs, lambda pair: pair[:DIGEST_BYTES]):
            held[:] = [pair[DIGEST_BYTES:] for pair in group]
            yield digest

    for digest, copies in inventory.join(digests()):
        yield digest, list(held), copies


def _keys(project: int, collection: int, membership: int) -> tuple[tuple[Level, int], ...]:
    return ("project", project), ("collection", collection), ("version", membership)
