"""What a store says and gives to one that is elsewhere: which entries it has, and the entries as they are stored."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from collections.abc import Set as AbstractSet

from rollbook.blobs.chunkintake import ChunkIntake
from rollbook.blobs.frames import LARGE, Frame
from rollbook.blobs.index import Index
from rollbook.blobs.kinds import RAW, RECIPE, ZSTD
from rollbook.blobs.reading import Reader
from rollbook.blobs.store import ObjectStore
from rollbook.blobs.values import Location
from rollbook.model.digest import Digest
from rollbook.model.errors import CorruptData, InvalidInput


class Exchange:
    """Entries by raw digest, as they travel. Safe to use from several threads."""

    def __init__(self, store: ObjectStore, index: Index, reader: Reader, *, read_only: bool) -> None:
        self._store = store
        self._index = index
        self._reader = reader
        self._read_only = read_only

    def intake(self) -> ChunkIntake:
        """Begin to take chunks and recipes in.

        Raises:
            InvalidInput: The store was opened for reading only.
        """
        if self._read_only:
            raise InvalidInput("these blobs are open for reading only", hint="open them without `read_only`")
        return ChunkIntake(self._store, self._index, self._reader)

    def present(self, names: AbstractSet[bytes]) -> set[bytes]:
        """Those of some chunks and blobs that are stored; a blob with a recipe only if all its chunks are.

        Raises:
            CorruptData: A recipe is damaged.
        """
        places = self._find(names)
        return {name for name, place in places.items() if place.kind != RECIPE or self._has_all(name, place)}

    def chunks_of(self, names: AbstractSet[bytes]) -> Iterator[bytes]:
        """The chunks of those of some blobs that have a recipe; some may come several times.

        Raises:
            CorruptData: A recipe is damaged.
        """
        for name, place in self._find(names).items():
            if place.kind == RECIPE:
                recipe = self._reader.recipe(name, place)
                yield from (piece.digest for piece in recipe.pieces(0, recipe.size))

    def frames(self, names: Collection[bytes], largest: int) -> Iterator[Frame]:
        """Blobs as they are sent, in order, each checked; of those larger than `largest` only how large they are.

        Raises:
            CorruptData: One is damaged; nothing of it has been given out.
            NotFound: One is not stored.
        """
        places = self._find(set(names))
        return (self._frame(name, places.get(name), largest) for name in names)

    def _frame(self, name: bytes, place: Location | None, largest: int) -> Frame:
        digest = Digest.of_raw("blake3", name)
        place = place or self._reader.locate(digest)
        if place.plain > largest:
            return Frame(name, LARGE, place.plain, b"")
        if place.kind in (RAW, ZSTD):
            try:
                return Frame(name, place.kind, place.plain, self._reader.stored(place))
            except CorruptData:
                pass  # there may be another copy: a view looks for it
        view = self._reader.open(digest)
        return Frame(name, RAW, view.size, b"".join(view.pieces(0, view.size)))

    def _has_all(self, name: bytes, place: Location) -> bool:
        recipe = self._reader.recipe(name, place)
        chunks = {piece.digest for piece in recipe.pieces(0, recipe.size)}
        return len(self._find(chunks)) == len(chunks)

    def _find(self, names: AbstractSet[bytes]) -> dict[bytes, Location]:
        """Where entries lie, also those that another process has just added."""
        places = self._index.find_many(names)
        if len(places) < len(names):
            self._index.refresh()
            places |= self._index.find_many(names - places.keys())
        return places
