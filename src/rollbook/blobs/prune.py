"""Takes removed packs out of merged tables, which would otherwise carry their records for ever."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from blake3 import blake3

from rollbook.blobs.merge import load_merged
from rollbook.blobs.names import MERGED, is_merged, merged_name
from rollbook.blobs.store import ObjectStore
from rollbook.blobs.table import RECORD, Table
from rollbook.blobs.tablewriter import TableWriter
from rollbook.model.errors import CorruptData, NotFound

_BUCKETS_PER_WRITE = 512
_PACK_START, _PACK_STOP = 64, 68


def prune(store: ObjectStore, gone: frozenset[bytes]) -> int:
    """Write the merged tables anew that list one of these packs, and remove the old ones; return how many.

    Raises:
        Unavailable: The store refuses; the packs' own tables stand, so nothing is lost.
    """
    pruned = 0
    for name in list(store.list(MERGED)):
        if is_merged(name):
            try:
                table = load_merged(store, name)
                if gone.isdisjoint(table.packs):
                    continue
                if not gone.issuperset(table.packs):
                    _write(store, table, gone)
            except (CorruptData, NotFound):
                continue  # damaged, or merged into another one meanwhile: whoever opens the index sees to it
            store.delete(name)
            pruned += 1
    return pruned


def _write(store: ObjectStore, table: Table, gone: frozenset[bytes]) -> None:
    kept = [pack for pack in table.packs if pack not in gone]
    ordinals = {pack: number for number, pack in enumerate(kept)}
    writer, digest = store.create(), blake3()
    try:
        laid_out = TableWriter(table.foot.entries * len(kept) // len(table.packs))
        buckets = laid_out.body(_records(table, ordinals))
        while block := b"".join(islice(buckets, _BUCKETS_PER_WRITE)):
            digest.update(block)
            writer.write([block])
        end = laid_out.end(kept)
        digest.update(end)
        writer.write([end])
        writer.publish(merged_name(digest.digest()))
    finally:
        writer.discard()


def _records(table: Table, ordinals: dict[bytes, int]) -> Iterator[bytes]:
    packs = table.packs
    renumbered = [ordinals[pack].to_bytes(4, "little") if pack in ordinals else b"" for pack in packs]
    for record in table.packed():
        assert len(record) == RECORD.size
        ordinal = renumbered[int.from_bytes(record[_PACK_START:_PACK_STOP], "little")]
        if ordinal:
            yield record[:_PACK_START] + ordinal + record[_PACK_STOP:]
