"""Writes tables in one pass over sorted records, whatever their number."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from sys import byteorder
from zlib import crc32

from blake3 import blake3

from rollbook.blobs.kinds import RECIPE
from rollbook.blobs.table import FOOT, FOOT_CHECK, MAGIC, MOST_BITS, RECORD, VERSION, Foot, Record

_PER_BUCKET_LOG2 = 4


class TableWriter:
    """Lays out one table: first all of `body`, then `end`.

    Args:
        expected: About how many records will come; decides the number of buckets.
    """

    def __init__(self, expected: int) -> None:
        self._bits = min(MOST_BITS, max(0, expected.bit_length() - _PER_BUCKET_LOG2))
        self._fan = array("I")
        self._count = self._chunks = self._plain = self._stored = 0

    def body(self, records: Iterable[bytes]) -> Iterator[bytes]:
        """The records, bucket by bucket.

        Args:
            records: Packed records, sorted by digest.
        """
        shift = 32 - self._bits
        for number, group in groupby(records, lambda record: int.from_bytes(record[:4], "big") >> shift):
            self._close_empty(number)
            yield self._close(b"".join(group))
        self._close_empty(1 << self._bits)

    def end(self, packs: Sequence[bytes]) -> bytes:
        """List of packs, fan and foot.

        Args:
            packs: Raw ids of the packs that `Record.pack` counts; empty in a pack's own table.
        """
        if byteorder == "big":
            self._fan.byteswap()
        front = b"".join((*packs, self._fan.tobytes()))
        digest, bits = blake3(front).digest(), self._bits
        foot = Foot(
            digest, self._plain, self._stored, self._count, len(packs), self._chunks, bits, magic=MAGIC, version=VERSION
        )
        packed = FOOT.pack(*foot)
        return b"".join((front, packed, FOOT_CHECK.pack(crc32(packed))))

    def _close_empty(self, stop: int) -> None:
        """Buckets before number `stop` that got no record."""
        self._fan.extend((self._count, 0) * (stop - len(self._fan) // 2))

    def _close(self, bucket: bytes) -> bytes:
        for fields in RECORD.iter_unpack(bucket):
            record = Record(*fields)
            self._count += 1
            self._stored += record.stored
            if record.kind != RECIPE:
                self._chunks += 1
                self._plain += record.plain
        self._fan.extend((self._count, crc32(bucket)))
        return bucket


def build_table(records: Sequence[bytes]) -> bytes:
    """A pack's own table from its packed records, in any order."""
    writer = TableWriter(len(records))
    return b"".join((*writer.body(sorted(records)), writer.end(())))
