"""Tables: sorted, checksummed indexes of pack entries. `docs/formats/blobs.md` gives them byte by byte.

One format serves twice. Beside each pack lies its own table, which commits to every stored byte of the pack and gives
it its name (BLAKE3 of the table). Merged tables cover many packs; they are derived, and speed up look-ups only.

A look-up reads one bucket of about sixteen records and checks its checksum, so a table of a million records opens in
milliseconds and costs little memory.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from sys import byteorder
from typing import Any, NamedTuple, Self
from zlib import crc32

from blake3 import blake3

from rollbook.blobs.values import Location
from rollbook.model.errors import CorruptData, UnsupportedFormat

MAGIC = b"RBKTAB"
VERSION = 1
ID_BYTES = 32
RECORD = struct.Struct("<32s32sIB3xQQQ")
FOOT = struct.Struct("<32sQQIIIB3x6sH")
FOOT_CHECK = struct.Struct("<I4x")
FOOT_BYTES = FOOT.size + FOOT_CHECK.size
MOST_BITS = 24
_BATCH_BYTES = 256 * 1024
_RECORDS_PER_LOOK_UP = 32
"""So many records are read in the time of one look-up."""

Read = Callable[[int, int], bytes | bytearray | memoryview]
"""Offset and length to bytes of the table; raises as `read_exact` does."""


class Record(NamedTuple):
    """One record, in the order of the format.

    Attributes:
        digest: Raw name of the entry: BLAKE3 of the plain bytes (of the whole blob for a recipe; keyed if sealed).
        stored_digest: BLAKE3 of the stored payload, raw.
        pack: Ordinal in the table's list of packs; 0 in a pack's own table.
        kind: Entry kind.
        offset: First byte of the payload in the pack.
        stored: Length of the payload.
        plain: Length of what it stands for.
    """

    digest: bytes
    stored_digest: bytes
    pack: int
    kind: int
    offset: int
    stored: int
    plain: int


class Foot(NamedTuple):
    """The fixed end of a table.

    Attributes:
        front: BLAKE3 of the list of packs and the fan, raw.
        plain: Plain bytes of all chunks.
        stored: Stored bytes of all entries.
        entries: Number of records.
        packs: Number of packs in the list.
        chunks: Number of records that are chunks.
        bits: Base-2 logarithm of the number of buckets.
        magic: `MAGIC`.
        version: Version of the format.
    """

    front: bytes
    plain: int
    stored: int
    entries: int
    packs: int
    chunks: int
    bits: int
    magic: bytes
    version: int


class Table:
    """A table, read through a function.

    Args:
        read: Gives bytes of the table.
        size: Length of the table.
        name: The object it is read from, for error messages.
        owner: Raw id of the pack it lies beside, or None for a merged table.

    Raises:
        CorruptData: The list of packs, the fan or the foot is damaged.
        UnsupportedFormat: A newer release wrote it.
    """

    def __init__(self, read: Read, size: int, name: str, owner: bytes | None) -> None:
        self.name = name
        self._read = read
        self._owner = owner
        self.foot = _read_foot(read, size, name)
        packs_bytes = self.foot.packs * ID_BYTES
        body = self.foot.entries * RECORD.size
        front = bytes(read(body, packs_bytes + (8 << self.foot.bits)))
        self._packs, self._fan = front[:packs_bytes], _unsigned(front[packs_bytes:])
        if blake3(front).digest() != self.foot.front:
            raise CorruptData(f"index {name} is damaged in its fan")

    @classmethod
    def of_bytes(cls, data: bytes, name: str, owner: bytes | None) -> Self:
        """A table held in memory."""
        view = memoryview(data)
        return cls(lambda offset, length: view[offset : offset + length], len(data), name, owner)

    @property
    def packs(self) -> list[bytes]:
        """Raw ids of the packs it covers."""
        if self._owner is not None:
            return [self._owner]
        return [self._packs[start : start + ID_BYTES] for start in range(0, len(self._packs), ID_BYTES)]

    def find(self, digest: bytes) -> Iterator[Location]:
        """Every place where the entry of that raw digest lies.

        Raises:
            CorruptData: The bucket is damaged.
            NotFound: The table has been removed.
        """
        number = int.from_bytes(digest[:4], "big") >> (32 - self.foot.bits)
        bucket = self._buckets(number, number + 1)
        position = bucket.find(digest)
        while position >= 0:
            if position % RECORD.size == 0:
                yield self._location(RECORD.unpack_from(bucket, position))
            position = bucket.find(digest, position + 1)

    def find_many(self, digests: AbstractSet[bytes]) -> Iterator[tuple[bytes, Location]]:
        """Every place where one of the entries lies, with the digest; faster than `find` for many digests.

        Raises:
            CorruptData: A bucket is damaged.
            NotFound: The table has been removed.
        """
        if len(digests) * _RECORDS_PER_LOOK_UP < self.foot.entries:
            yield from ((digest, place) for digest in digests for place in self.find(digest))
            return
        for fields in (fields for batch in self._batches() for fields in RECORD.iter_unpack(batch)):
            if fields[0] in digests:
                yield fields[0], self._location(fields)

    def packed(self) -> Iterator[bytes]:
        """All packed records in order, read in batches, each checked.

        Raises:
            CorruptData: A bucket is damaged.
            NotFound: The table has been removed.
        """
        for batch in self._batches():
            yield from (batch[start : start + RECORD.size] for start in range(0, len(batch), RECORD.size))

    def records(self) -> Iterator[Record]:
        """All records, as `packed`."""
        return (Record(*RECORD.unpack(one)) for one in self.packed())

    def digests(self) -> list[bytes]:
        """Raw digests of all records."""
        return [one[:ID_BYTES] for one in self.packed()]

    def _batches(self) -> Iterator[bytes]:
        """All buckets, many at a time."""
        step = max(1, (_BATCH_BYTES << self.foot.bits) // (self.foot.entries * RECORD.size + 1))
        buckets = 1 << self.foot.bits
        return (self._buckets(first, min(buckets, first + step)) for first in range(0, buckets, step))

    def _buckets(self, first: int, stop: int) -> bytes:
        begin = self._fan[2 * first - 2] if first else 0
        end = self._fan[2 * stop - 2]
        if not begin <= end <= self.foot.entries:
            raise CorruptData(f"index {self.name} is damaged in its fan")
        data = bytes(self._read(begin * RECORD.size, (end - begin) * RECORD.size))
        start = begin
        for number in range(first, stop):
            bucket_end, check = self._fan[2 * number], self._fan[2 * number + 1]
            if crc32(data[(start - begin) * RECORD.size : (bucket_end - begin) * RECORD.size]) != check:
                raise CorruptData(f"index {self.name} is damaged between records {start} and {bucket_end}")
            start = bucket_end
        return data

    def _location(self, fields: tuple[Any, ...]) -> Location:
        _, stored_digest, ordinal, kind, offset, stored, plain = fields
        start = ordinal * ID_BYTES
        pack = self._owner if self._owner is not None else self._packs[start : start + ID_BYTES]
        return Location(pack, kind, offset, stored, plain, stored_digest)


def _read_foot(read: Read, size: int, name: str) -> Foot:
    """The foot; nothing in it is believed before its checksum."""
    data = bytes(read(max(0, size - FOOT_BYTES), min(size, FOOT_BYTES)))
    if len(data) < FOOT_BYTES or FOOT_CHECK.pack(crc32(data[: FOOT.size])) != data[FOOT.size :]:
        raise CorruptData(f"index {name} is damaged at its end, or cut off")
    foot = Foot(*FOOT.unpack_from(data))
    if foot.magic != MAGIC:
        raise CorruptData(f"{name} is not an index")
    if foot.version != VERSION:
        raise UnsupportedFormat(f"{name} is an index of format {foot.version}", hint="use a newer release of Rollbook")
    expected = foot.entries * RECORD.size + foot.packs * ID_BYTES + (8 << min(foot.bits, MOST_BITS)) + FOOT_BYTES
    if size != expected:
        raise CorruptData(f"index {name} has {size} bytes, expected {expected}")
    return foot


def _unsigned(data: bytes) -> array[int]:
    values = array("I")
    values.frombytes(data)
    if byteorder == "big":
        values.byteswap()
    return values
