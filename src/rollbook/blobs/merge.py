"""Merged tables: derived from the packs' own, so that a store of 1,000,000 chunks opens in milliseconds.

Sizes grow geometrically: a merge takes in every merged table that is at most eight times as large as what it has
gathered so far. So a store has a handful of them, and a record is copied a bounded number of times.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby, islice

from blake3 import blake3

from rollbook.blobs.names import merged_name
from rollbook.blobs.store import ObjectStore, ObjectWriter, read_exact
from rollbook.blobs.table import Table
from rollbook.blobs.tablewriter import TableWriter
from rollbook.model.errors import CorruptData

_GROWTH = 8
_IN_MEMORY_BYTES = 4 * 1024 * 1024
_BUCKETS_PER_WRITE = 512
_PACK_START, _PACK_STOP = 64, 68


def load_merged(store: ObjectStore, name: str) -> Table:
    """Open a merged table.

    Raises:
        CorruptData: It is damaged.
        NotFound: It is gone.
    """
    size = store.size(name) or 0
    if size > _IN_MEMORY_BYTES:
        return Table(lambda offset, length: read_exact(store, name, offset, length), size, name, None)
    return Table.of_bytes(bytes(read_exact(store, name, 0, size)), name, None)


def merge(store: ObjectStore, loose: Sequence[Table], merged: Sequence[Table]) -> tuple[Table, ...]:
    """Publish one table over the loose ones and the small merged ones, and remove those it replaces.

    Returns:
        The merged tables that stand afterwards.

    Raises:
        CorruptData: A table to be merged is damaged.
        NotFound: Another process has just merged and removed one of them.
        Unavailable: The store refuses; the packs' own tables still stand.
    """
    taken, kept = _choose(loose, merged)
    writer = store.create()
    try:
        name = _write(writer, loose, taken)
        writer.publish(name)
    finally:
        writer.discard()
    for table in taken:
        if table.name != name:
            store.delete(table.name)
    return (*kept, load_merged(store, name))


def _choose(loose: Sequence[Table], merged: Sequence[Table]) -> tuple[list[Table], list[Table]]:
    gathered = sum(table.foot.entries for table in loose)
    taken: list[Table] = []
    kept: list[Table] = []
    for table in sorted(merged, key=lambda one: one.foot.entries):
        if not kept and table.foot.entries <= _GROWTH * gathered:
            gathered += table.foot.entries
            taken.append(table)
        else:
            kept.append(table)
    return taken, kept


def _write(writer: ObjectWriter, loose: Sequence[Table], taken: Sequence[Table]) -> str:
    """Write the merged table and return its name. Holds the loose records in memory, streams the others."""
    packs = {pack: ordinal for ordinal, pack in enumerate(sorted({p for t in (*loose, *taken) for p in t.packs}))}
    first = sorted(record for table in loose for record in _renumbered(table, packs))
    streams = heapq.merge(first, *(_renumbered(table, packs) for table in taken))
    table = TableWriter(sum(one.foot.entries for one in (*loose, *taken)))
    digest = blake3()
    buckets = table.body(record for record, _ in groupby(streams))
    while block := b"".join(islice(buckets, _BUCKETS_PER_WRITE)):
        digest.update(block)
        writer.write([block])
    end = table.end(list(packs))
    digest.update(end)
    writer.write([end])
    return merged_name(digest.digest())


def _renumbered(table: Table, packs: Mapping[bytes, int]) -> Iterator[bytes]:
    """The table's records with their packs counted as in `packs`."""
    ordinals = [packs[pack].to_bytes(4, "little") for pack in table.packs]
    for record in table.packed():
        old = int.from_bytes(record[_PACK_START:_PACK_STOP], "little")
        if old >= len(ordinals):
            raise CorruptData(f"index {table.name} has a record of a pack that it does not list")
        yield record[:_PACK_START] + ordinals[old] + record[_PACK_STOP:]
