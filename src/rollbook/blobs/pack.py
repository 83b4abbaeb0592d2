"""Packs: many entries in one object, so that 20,000 small files are not 20,000 inodes.

A pack is head, payloads, table, foot. The table gives digest and place of every payload, the pack's id is BLAKE3 of
the table, and the same table lies beside the pack as its index: each can be rebuilt from the other.
"""

from __future__ import annotations

import struct
from collections.abc import Container, Iterable
from typing import NamedTuple

from blake3 import blake3

from rollbook.blobs.codec import Encoded
from rollbook.blobs.kinds import RAW
from rollbook.blobs.names import pack_name, table_name
from rollbook.blobs.store import ObjectStore, read_exact
from rollbook.blobs.table import RECORD, Table
from rollbook.blobs.tablewriter import build_table
from rollbook.model.errors import CorruptData, UnsupportedFormat

TARGET_BYTES = 64 * 1024 * 1024
VERSION = 1
HEAD = struct.Struct("<6sH8x")
FOOT = struct.Struct("<Q32s6sH")
_HEAD_MAGIC = b"RBKPAK"
_FOOT_MAGIC = b"RBKEND"


class SealedPack(NamedTuple):
    """A pack that is complete.

    Attributes:
        id: BLAKE3 of the table, raw.
        table: Bytes of the table.
    """

    id: bytes
    table: bytes


class PackBuilder:
    """Lays out one pack while its payloads are written elsewhere, in the order in which they are placed."""

    def __init__(self) -> None:
        self._records: list[bytes] = []
        self._end = HEAD.size

    @property
    def full(self) -> bool:
        """Whether the pack has reached its target size."""
        return self._end >= TARGET_BYTES

    def head(self) -> bytes:
        """The bytes that come before the first payload."""
        return HEAD.pack(_HEAD_MAGIC, VERSION)

    def place(self, entry: Encoded) -> None:
        """Give the entry the next place."""
        stored = len(entry.payload)
        fields = (entry.digest, entry.stored_digest, 0, entry.kind, self._end, stored, entry.plain)
        self._records.append(RECORD.pack(*fields))
        self._end += stored

    def seal(self) -> SealedPack:
        """Close the layout."""
        table = build_table(self._records)
        return SealedPack(blake3(table).digest(), table)

    def seal_apart(self, taken: Container[bytes]) -> tuple[SealedPack, list[bytes]]:
        """Close the layout under an id that is not among `taken`.

        The same content laid out again has the same id, which may be that of a pack about to be removed. Then a few
        bytes that nothing needs are added, until the id is another.

        Returns:
            The pack, and payloads to write before its foot.
        """
        salt: list[bytes] = []
        pack = self.seal()
        while pack.id in taken:
            salt.append(pack.id)
            digest = blake3(pack.id).digest()
            self.place(Encoded(digest, digest, RAW, pack.id, len(pack.id)))
            pack = self.seal()
        return pack, salt


def foot(pack: SealedPack) -> list[bytes]:
    """The bytes that come after the last payload."""
    return [pack.table, FOOT.pack(len(pack.table), pack.id, _FOOT_MAGIC, VERSION)]


def publish_table(store: ObjectStore, pack: SealedPack) -> None:
    """Make a durable pack's entries visible."""
    writer = store.create()
    try:
        writer.write([pack.table])
        writer.publish(table_name(pack.id))
    finally:
        writer.discard()


def load_table(store: ObjectStore, pack: bytes) -> Table:
    """The table of a pack, from beside it, or where that is damaged from inside it.

    Raises:
        CorruptData: Both are damaged.
        NotFound: The pack's index is gone.
        UnsupportedFormat: A newer release wrote it.
    """
    try:
        return table_beside(store, pack)
    except UnsupportedFormat:
        raise
    except CorruptData:
        return table_inside(store, pack)


def table_beside(store: ObjectStore, pack: bytes) -> Table:
    """The table in the index object."""
    name = table_name(pack)
    data = bytes(read_exact(store, name, 0, store.size(name) or 0))
    return _checked_table(data, pack, name)


def table_inside(store: ObjectStore, pack: bytes) -> Table:
    """The table at the end of the pack object.

    Raises:
        CorruptData: The pack's head, table, foot or length is damaged.
        NotFound: The pack is gone.
        UnsupportedFormat: A newer release wrote it.
    """
    name = pack_name(pack)
    size = store.size(name) or 0
    if size < HEAD.size + FOOT.size:
        raise CorruptData(f"pack {name} has only {size} bytes")
    _check_head(bytes(read_exact(store, name, 0, HEAD.size)), name)
    length = _check_foot(bytes(read_exact(store, name, size - FOOT.size, FOOT.size)), pack, name)
    start = size - FOOT.size - length
    if start < HEAD.size:
        raise CorruptData(f"the foot of pack {name} is damaged")
    table = _checked_table(bytes(read_exact(store, name, start, length)), pack, name)
    _check_tiling(table, start, name)
    return table


def _checked_table(data: bytes, pack: bytes, name: str) -> Table:
    table = Table.of_bytes(data, name, pack)
    if blake3(data).digest() != pack:
        raise CorruptData(f"the index in {name} is damaged: its digest is not the pack's id")
    return table


def _check_head(head: bytes, name: str) -> None:
    magic, version = HEAD.unpack(head)
    if magic == _HEAD_MAGIC and version > VERSION:
        raise UnsupportedFormat(f"{name} is a pack of format {version}", hint="use a newer release of Rollbook")
    if head != HEAD.pack(_HEAD_MAGIC, VERSION):
        raise CorruptData(f"the head of pack {name} is damaged")


def _check_foot(data: bytes, pack: bytes, name: str) -> int:
    length, stated, magic, version = FOOT.unpack(data)
    if (stated, magic, version) != (pack, _FOOT_MAGIC, VERSION):
        raise CorruptData(f"the foot of pack {name} is damaged, or the pack lies under another's name")
    return length


def _check_tiling(table: Table, end: int, name: str) -> None:
    """Payloads must fill the pack from head to table: no byte may lie outside what the table commits to."""
    position = HEAD.size
    for start, length in sorted(_places(table)):
        if start != position:
            raise CorruptData(f"pack {name} has bytes at {position} that its index does not cover")
        position += length
    if position != end:
        raise CorruptData(f"pack {name} ends its entries at {position}, expected {end}")


def _places(table: Table) -> Iterable[tuple[int, int]]:
    return ((record.offset, record.stored) for record in table.records())
