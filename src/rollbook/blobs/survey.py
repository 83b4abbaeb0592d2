"""What a store holds, and what of it is needed: roots are followed to chunks, and joined with every pack's own table.

Merged tables are not asked: they are derived, and what is removed is decided by what commits to the bytes. Memory is
bounded; what does not fit is sorted on disk.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import NamedTuple, Self

from rollbook.blobs.index import Index
from rollbook.blobs.kinds import RAW, RECIPE, ZSTD, describe
from rollbook.blobs.names import PACKS, pack_name, parse_pack, table_name
from rollbook.blobs.pack import FOOT, HEAD, load_table
from rollbook.blobs.reading import Reader
from rollbook.blobs.spill import Spill
from rollbook.blobs.store import ObjectStore
from rollbook.blobs.table import FOOT_BYTES, RECORD
from rollbook.blobs.values import Location
from rollbook.model.digest import Digest
from rollbook.model.errors import CorruptData, NotFound, UnsupportedFormat

DIGEST_BYTES = 32
_ENTRY = struct.Struct(">32sIIBQQQ32s")


class Entry(NamedTuple):
    """A record of a pack's own table.

    Attributes:
        digest: Raw name.
        pack: Number of the pack in the survey.
        ordinal: Number of the record in its table.
        kind: Entry kind.
        offset: First byte of the payload in the pack.
        stored: Length of the payload.
        plain: Length of what it stands for.
        stored_digest: BLAKE3 of the payload, raw.
    """

    digest: bytes
    pack: int
    ordinal: int
    kind: int
    offset: int
    stored: int
    plain: int
    stored_digest: bytes


class PackState(NamedTuple):
    """What a survey says of one pack.

    Attributes:
        id: Raw id.
        entries: Number of entries; 0 for an object without its other half.
        bytes: Length of both objects.
        dead_bytes: Payloads that nothing needs, or that lie in another pack, too.
        dead: A bit per record of its table, lowest first: set where nothing needs it in this pack.
        doubled: A bit per record: set where it is dead here only because another pack has it, too.
    """

    id: bytes
    entries: int
    bytes: int
    dead_bytes: int
    dead: bytes
    doubled: bytes


class Survey(NamedTuple):
    """The outcome of a survey.

    Attributes:
        packs: Every pack whose content is known.
        halves: Raw ids of packs of which one object is missing: a writer died, or is at work.
        unreadable: Packs whose tables are damaged; they are left alone.
        needed_bytes: Stored bytes of everything that is needed, each entry once.
    """

    packs: dict[bytes, PackState]
    halves: frozenset[bytes]
    unreadable: int
    needed_bytes: int


class Inventory:
    """Every entry of every readable pack, sorted by digest. A context manager.

    Args:
        store: Where packs lie.
        index: Knows which packs do not count.
        reader: Reads recipes.
        folder: Where temporary files go; None for the system's place.
    """

    def __init__(self, store: ObjectStore, index: Index, reader: Reader, folder: Path | None) -> None:
        self._reader = reader
        self._folder = folder
        self._entries = Spill(_ENTRY.size, folder)
        self.packs: list[bytes] = []
        self.sizes: list[tuple[int, int]] = []
        self.halves: frozenset[bytes] = frozenset()
        self.unreadable = 0
        self._look(store, index.hidden)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._entries.__exit__()

    def expand(self, roots: Iterable[Digest], hints: Iterable[bytes] = ()) -> Spill:
        """Everything that some blobs need: themselves, and the chunks of those that have several. Leave it when done.

        Args:
            roots: Blobs that must be there.
            hints: Raw digests of blobs or chunks that are kept where they are there.

        Raises:
            CorruptData: A blob or its recipe is missing or damaged, so that nobody can say what it needs.
            UnsupportedFormat: An entry is of a kind that this release does not know.
        """
        needed = Spill(DIGEST_BYTES, self._folder)
        with Spill(DIGEST_BYTES, self._folder) as certain, Spill(DIGEST_BYTES, self._folder) as hinted:
            for root in roots:
                certain.add(root.raw)
            for hint in hints:
                hinted.add(hint)
            for blobs, must in ((certain, True), (hinted, False)):
                for digest, copies in self.join(blobs):
                    needed.add(digest)
                    for chunk in self.chunks(copies):
                        needed.add(chunk)
                    if must and not copies:
                        raise CorruptData(
                            f"blob blake3:{digest.hex()} is needed and not stored",
                            hint="run 'rollbook verify'; nothing is collected while something is missing",
                        )
        return needed

    def join(self, digests: Iterable[bytes]) -> Iterator[tuple[bytes, list[Entry]]]:
        """Each of some sorted digests with every entry of that name."""
        stream = groupby(iter(self._entries), lambda one: one[:DIGEST_BYTES])
        name, records = next(stream, (b"", iter(())))
        for digest in digests:
            while name and name < digest:
                name, records = next(stream, (b"", iter(())))
            yield digest, [Entry(*_ENTRY.unpack(one)) for one in records] if name == digest else []

    def chunks(self, copies: list[Entry]) -> list[bytes]:
        """Raw digests of the chunks of a blob that has several, from all copies of its entry; else none.

        Raises:
            CorruptData: No copy of its recipe is sound.
            UnsupportedFormat: The entry is of a kind that this release does not know.
        """
        kinds = {copy.kind for copy in copies}
        if strange := kinds - {RAW, ZSTD, RECIPE}:
            raise UnsupportedFormat(f"an entry of {describe(min(strange))} is needed", hint="use a newer release")
        error: CorruptData | None = None
        for copy in copies if RECIPE in kinds else ():
            try:
                recipe = self._reader.recipe(copy.digest, self.place(copy))
            except CorruptData as problem:
                error = problem
                continue
            return [piece.digest for piece in recipe.pieces(0, recipe.size)]
        if error is not None:
            raise error
        return []

    def survey(self, needed: Iterable[bytes]) -> Survey:
        """Which entry of which pack is needed. Of several copies, the one in the largest pack is."""
        dead, doubled = ([bytearray((entries + 7) // 8) for entries, _ in self.sizes] for _ in range(2))
        lost = [0] * len(self.packs)
        kept = 0
        wanted = iter(needed)
        want = next(wanted, None)
        for digest, group in groupby(map(_unpacked, self._entries), lambda one: one.digest):
            while want is not None and want < digest:
                want = next(wanted, None)
            copies = list(group)
            keeper = max(copies, key=self._preference) if want == digest else None
            kept += keeper.stored if keeper else 0
            for copy in copies:
                if copy is not keeper:
                    bit = 1 << (copy.ordinal & 7)
                    dead[copy.pack][copy.ordinal >> 3] |= bit
                    doubled[copy.pack][copy.ordinal >> 3] |= bit if keeper else 0
                    lost[copy.pack] += copy.stored
        packs = {
            pack: PackState(pack, entries, size, lost[number], bytes(dead[number]), bytes(doubled[number]))
            for number, (pack, (entries, size)) in enumerate(zip(self.packs, self.sizes, strict=True))
        }
        return Survey(packs, self.halves, self.unreadable, kept)

    def place(self, entry: Entry) -> Location:
        """Where an entry lies."""
        return Location(
            self.packs[entry.pack], entry.kind, entry.offset, entry.stored, entry.plain, entry.stored_digest
        )

    def _preference(self, copy: Entry) -> tuple[int, bytes]:
        return self.sizes[copy.pack][1], self.packs[copy.pack]

    def _look(self, store: ObjectStore, hidden: frozenset[bytes]) -> None:
        seen: dict[bytes, set[str]] = {}
        for pack, suffix in filter(None, map(parse_pack, store.list(PACKS))):
            if pack not in hidden:
                seen.setdefault(pack, set()).add(suffix)
        self.halves = frozenset(pack for pack, suffixes in seen.items() if len(suffixes) < 2)
        for pack in sorted(seen.keys() - self.halves):
            try:
                self._take_in(store, pack)
            except (CorruptData, NotFound):
                self.unreadable += 1

    def _take_in(self, store: ObjectStore, pack: bytes) -> None:
        table = load_table(store, pack)
        records = list(table.records())
        number = len(self.packs)
        for ordinal, one in enumerate(records):
            fields = (one.digest, number, ordinal, one.kind, one.offset, one.stored, one.plain, one.stored_digest)
            self._entries.add(_ENTRY.pack(*fields))
        self.packs.append(pack)
        index_bytes = len(records) * RECORD.size + (8 << table.foot.bits) + FOOT_BYTES
        self.sizes.append((len(records), HEAD.size + table.foot.stored + FOOT.size + 2 * index_bytes))


def _unpacked(record: bytes) -> Entry:
    return Entry(*_ENTRY.unpack(record))


def object_names(pack: bytes) -> tuple[str, str]:
    """The two objects of a pack, the one that makes it visible first."""
    return table_name(pack), pack_name(pack)
