"""Writes entries into packs and publishes them, in two threads: one writes, one waits for the disk.

Order, per pack: pack durable and visible -> packs that its recipes lean on durable -> its index durable and visible.
So whoever finds a recipe finds chunks that survive a power cut, and a writer that dies leaves at most packs that
nothing refers to.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from rollbook.blobs.codec import Encoded
from rollbook.blobs.index import Index
from rollbook.blobs.names import pack_name, table_name
from rollbook.blobs.pack import PackBuilder, SealedPack, foot, publish_table
from rollbook.blobs.pipeline import Background
from rollbook.blobs.store import ObjectStore, ObjectWriter
from rollbook.blobs.table import Table
from rollbook.model.failpoints import reach

_WAITING_WRITES = 8
_WAITING_PACKS = 2


class PackSink:
    """Takes entries from one thread.

    Args:
        store: Where packs go.
        index: Learns of each published pack.
    """

    def __init__(self, store: ObjectStore, index: Index) -> None:
        self._store = store
        self._index = index
        self._writes = Background("rollbook-write", _WAITING_WRITES)
        self._syncs = Background("rollbook-sync", _WAITING_PACKS)
        self._pending: set[bytes] = set()
        self._leans: set[bytes] = set()
        self._builder: PackBuilder | None = None
        self._writer: ObjectWriter | None = None

    def pending(self, digest: bytes) -> bool:
        """Whether the entry is on its way to a pack."""
        return digest in self._pending

    def lean_on(self, pack: bytes) -> None:
        """Note that what is written refers to content of an existing pack."""
        self._leans.add(pack)

    def submit(self, entries: Sequence[Encoded], release: Callable[[], None]) -> None:
        """Queue entries; `release` is called when their payloads are no longer needed.

        Raises:
            StorageFull: An earlier write found no room.
            Unavailable: An earlier write failed.
        """
        self._writes.submit(partial(self._append, entries), release)

    def expect(self, digest: bytes) -> None:
        """Mark an entry as pending, before it is submitted."""
        self._pending.add(digest)

    def flush(self) -> None:
        """Publish everything submitted so far; returns when it is durable and visible.

        Raises:
            CorruptData: An object of the same name and another size exists.
            StorageFull: No room; nothing that was acknowledged earlier is affected.
            Unavailable: The device failed.
        """
        self._writes.submit(self._roll)
        self._writes.flush()
        self._syncs.flush()
        self._settle()

    def stop(self) -> None:
        """Abandon what is not yet published."""
        self._writes.stop()
        self._syncs.stop()
        if self._writer is not None:
            self._writer.discard()

    def _append(self, entries: Sequence[Encoded]) -> None:
        start = 0
        while start < len(entries):
            builder, writer = self._open_pack()
            stop = start
            while stop < len(entries) and not builder.full:
                builder.place(entries[stop])
                stop += 1
            writer.write([entry.payload for entry in entries[start:stop]])
            if builder.full:
                self._roll()
            start = stop

    def _open_pack(self) -> tuple[PackBuilder, ObjectWriter]:
        if self._builder is None or self._writer is None:
            self._builder, self._writer = PackBuilder(), self._store.create()
            self._writer.write([self._builder.head()])
        return self._builder, self._writer

    def _roll(self) -> None:
        if self._builder is None or self._writer is None:
            return
        builder, writer = self._builder, self._writer
        self._builder = self._writer = None
        try:
            pack, salt = builder.seal_apart(self._index.hidden)
            writer.write([*salt, *foot(pack)])
            self._syncs.submit(partial(self._publish, pack, writer))
        except BaseException:
            writer.discard()
            raise

    def _publish(self, pack: SealedPack, writer: ObjectWriter) -> None:
        try:
            reach("blob.after_write")
            writer.publish(pack_name(pack.id))
        finally:
            writer.discard()
        self._settle()
        publish_table(self._store, pack)
        reach("blob.after_publish")
        table = Table.of_bytes(pack.table, table_name(pack.id), pack.id)
        self._index.adopt(pack.id, table)
        self._pending.difference_update(table.digests())

    def _settle(self) -> None:
        """Make the packs that recipes lean on durable: another process may have linked them a moment ago."""
        leans = tuple(self._leans)
        if leans:
            self._store.settle([name for pack in leans for name in (pack_name(pack), table_name(pack))])
            self._leans.difference_update(leans)
