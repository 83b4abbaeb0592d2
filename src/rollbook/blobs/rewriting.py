"""Copies what is needed of some packs into new ones, byte for byte, before the old ones go.

The payloads are copied as they are stored, each compared with its digests before it is written and after. New packs are
laid out in a fixed order, so that doing it again after a crash makes the same packs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from blake3 import blake3

from rollbook.blobs.codec import Encoded
from rollbook.blobs.index import Index
from rollbook.blobs.kinds import RAW, ZSTD
from rollbook.blobs.names import pack_name, table_name
from rollbook.blobs.pack import PackBuilder, SealedPack, foot, load_table, publish_table, table_inside
from rollbook.blobs.reading import Reader
from rollbook.blobs.store import ObjectStore, ObjectWriter, read_exact
from rollbook.blobs.table import Record, Table
from rollbook.blobs.values import Location
from rollbook.model.errors import CorruptData, NotFound


class Doomed(NamedTuple):
    """What of a pack need not be copied.

    Attributes:
        dead: A bit per record of its table, lowest first: set where nothing needs it in this pack.
        doubled: Those of them that are needed, and lie in another pack, too: it must be sound.
    """

    dead: bytes
    doubled: bytes


class Rewritten(NamedTuple):
    """What was copied.

    Attributes:
        packs: New packs, raw ids, durable and visible.
        bytes: Stored bytes copied.
        done: The old packs of which everything that is needed lies elsewhere now.
    """

    packs: tuple[bytes, ...]
    bytes: int
    done: frozenset[bytes]


class Rewriter:
    """Rewrites packs of one store.

    Args:
        store: Where packs lie.
        index: Its index, freshly looked at; learns of the new packs.
        reader: Reads from it.
        doomed: Packs that will go, by raw id.
        halves: Packs that will go as well, of which one object is missing: a new pack must not complete one of them.
    """

    def __init__(
        self,
        store: ObjectStore,
        index: Index,
        reader: Reader,
        doomed: Mapping[bytes, Doomed],
        halves: AbstractSet[bytes] = frozenset(),
    ) -> None:
        self._taken = doomed.keys() | halves | index.hidden
        self._store = store
        self._index = index
        self._reader = reader
        self._doomed = doomed
        self._copied: set[bytes] = set()
        self._builder: PackBuilder | None = None
        self._writer: ObjectWriter | None = None
        self._packs: list[bytes] = []
        self._bytes = 0

    def run(self) -> Rewritten:
        """Copy everything; returns when it is durable and was read back.

        Raises:
            StorageFull: No room; the old packs stand.
            CorruptData: A new pack does not read back as it was written.
        """
        done: set[bytes] = set()
        try:
            for pack in sorted(self._doomed):
                if self._rescue(pack):
                    done.add(pack)
            self._roll()
        finally:
            if self._writer is not None:
                self._writer.discard()
        return Rewritten(tuple(self._packs), self._bytes, frozenset(done))

    def _rescue(self, pack: bytes) -> bool:
        """Copy what is needed of one pack. False where something of it cannot be read anywhere: then it stays."""
        try:
            table = load_table(self._store, pack)
            wanted = list(self._wanted(table, self._doomed[pack]))
            for record in sorted(wanted, key=lambda one: one.offset):
                if record.digest not in self._copied:
                    self._append(record, self._payload(pack, record))
        except (CorruptData, NotFound):
            return False
        return True

    def _wanted(self, table: Table, doomed: Doomed) -> Iterator[Record]:
        for ordinal, record in enumerate(table.records()):
            if not has_bit(doomed.dead, ordinal) or (
                has_bit(doomed.doubled, ordinal) and not self._sound_elsewhere(record)
            ):
                yield record

    def _sound_elsewhere(self, record: Record) -> bool:
        for place in self._index.copies(record.digest):
            if place.pack not in self._doomed:
                try:
                    self._checked(record.digest, place)
                except CorruptData:
                    continue
                return True
        return False

    def _payload(self, pack: bytes, record: Record) -> bytes:
        """The stored bytes of an entry, checked, from this pack or from another that has the very same."""
        own = Location(pack, record.kind, record.offset, record.stored, record.plain, record.stored_digest)
        try:
            return self._checked(record.digest, own)
        except CorruptData:
            for place in self._index.copies(record.digest):
                if place.pack != pack and place.stored_digest == record.stored_digest:
                    return self._checked(record.digest, place)
            raise

    def _checked(self, digest: bytes, place: Location) -> bytes:
        try:
            payload = bytes(read_exact(self._store, pack_name(place.pack), place.offset, place.stored))
        except NotFound as error:
            raise CorruptData(f"pack {pack_name(place.pack)} is gone") from error
        if blake3(payload).digest() != place.stored_digest:
            raise CorruptData(f"entry blake3:{digest.hex()} in {pack_name(place.pack)} is damaged")
        if place.kind in (RAW, ZSTD):
            self._reader.checked(digest, place)
        return payload

    def _append(self, record: Record, payload: bytes) -> None:
        if self._builder is None or self._writer is None:
            self._builder, self._writer = PackBuilder(), self._store.create()
            self._writer.write([self._builder.head()])
        self._builder.place(Encoded(record.digest, record.stored_digest, record.kind, payload, record.plain))
        self._writer.write([payload])
        self._copied.add(record.digest)
        self._bytes += len(payload)
        if self._builder.full:
            self._roll()

    def _roll(self) -> None:
        if self._builder is None or self._writer is None:
            return
        # The same entries laid out alike would be one of the packs that are to go.
        pack, salt = self._builder.seal_apart(self._taken)
        self._writer.write([*salt, *foot(pack)])
        self._writer.publish(pack_name(pack.id))
        self._builder = self._writer = None
        self._read_back(pack)
        publish_table(self._store, pack)
        self._index.adopt(pack.id, Table.of_bytes(pack.table, table_name(pack.id), pack.id))
        self._packs.append(pack.id)

    def _read_back(self, pack: SealedPack) -> None:
        for record in table_inside(self._store, pack.id).records():
            payload = read_exact(self._store, pack_name(pack.id), record.offset, record.stored)
            if blake3(payload).digest() != record.stored_digest:
                raise CorruptData(f"{pack_name(pack.id)} does not read back as it was written", hint="check the disk")


def has_bit(bits: bytes, number: int) -> bool:
    """Whether a bit is set; those beyond the end are not."""
    return number >> 3 < len(bits) and bool(bits[number >> 3] >> (number & 7) & 1)
