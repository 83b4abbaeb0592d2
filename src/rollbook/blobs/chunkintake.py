"""Takes in what was cut elsewhere, and believes nothing of it.

A chunk counts when its bytes have its digest. A recipe counts when the bytes of its chunks, put together here, have
the digest of its blob: whoever could publish another would decide what all others read under that name.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Self

from blake3 import blake3

from rollbook.blobs.assemble import assemble
from rollbook.blobs.chunker import MAXIMUM, cut
from rollbook.blobs.codec import Encoded, decode
from rollbook.blobs.frames import Frame
from rollbook.blobs.index import Index
from rollbook.blobs.kinds import MOST_CHUNK_BYTES, RAW, RECIPE, ZSTD, describe
from rollbook.blobs.packsink import PackSink
from rollbook.blobs.pipeline import BufferPool, Prefetch
from rollbook.blobs.reading import Reader, View
from rollbook.blobs.recipe import Recipe
from rollbook.blobs.source import SINGLE
from rollbook.blobs.store import Buffer, ObjectStore
from rollbook.blobs.values import Location
from rollbook.model.digest import Digest
from rollbook.model.errors import CorruptData, InvalidInput

_WINDOW = 1024 * 1024
_BUFFERS = 4
_NO_PACK = b""


class SentRecipe(NamedTuple):
    """A recipe as it was sent.

    Attributes:
        digest: Raw digest of the blob.
        size: Length of the blob.
        payload: The recipe's bytes.
        recipe: What they say.
    """

    digest: bytes
    size: int
    payload: bytes
    recipe: Recipe

    @property
    def chunks(self) -> dict[bytes, int]:
        """Raw digest and length of every chunk."""
        return {piece.digest: piece.size for piece in self.recipe.pieces(0, self.size)}


class ChunkIntake:
    """Adds chunks and recipes to a store. A context manager, for one thread; memory is bounded.

    Nothing counts before `commit` returns. Leaving without it publishes nothing that anything refers to.
    """

    def __init__(self, store: ObjectStore, index: Index, reader: Reader) -> None:
        self._store = store
        self._index = index
        self._reader = reader
        self._sink = PackSink(store, index)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._sink.stop()

    def add_chunks(self, frames: Iterable[Frame]) -> dict[bytes, int]:
        """Check chunks and pass the new ones on to be written.

        Returns:
            Raw digest and length of each.

        Raises:
            InvalidInput: A chunk is not what it is called.
            StorageFull: No room.
            Unavailable: The device failed.
        """
        taken: dict[bytes, int] = {}
        entries: list[Encoded] = []
        for frame in frames:
            plain = _plain(frame)
            taken[frame.digest] = len(plain)
            if self._is_new(frame.digest):
                name = frame.digest if frame.kind == RAW else blake3(frame.payload).digest()
                entries.append(Encoded(frame.digest, name, frame.kind, frame.payload, len(plain)))
        self._sink.submit(entries, _nothing)
        return taken

    def add_recipes(self, recipes: Iterable[SentRecipe]) -> dict[bytes, int]:
        """Check recipes, whose chunks are stored or were added here, and pass the new ones on to be written.

        Returns:
            Raw digest and length of each blob.

        Raises:
            InvalidInput: A chunk is not stored, or the chunks do not make up the blob.
            CorruptData: A stored chunk is damaged.
            StorageFull: No room.
            Unavailable: The device failed.
        """
        self._sink.flush()
        taken: dict[bytes, int] = {}
        entries: list[Encoded] = []
        for sent in recipes:
            taken[sent.digest] = sent.size
            places = self._places(sent)
            self._check_whole(sent)
            for place in places.values():
                self._sink.lean_on(place.pack)
            if self._is_new(sent.digest):
                digest = blake3(sent.payload).digest()
                entries.append(Encoded(sent.digest, digest, RECIPE, sent.payload, sent.size))
        self._sink.submit(entries, _nothing)
        return taken

    def commit(self) -> None:
        """Make everything added durable and visible.

        Raises:
            StorageFull: No room.
            Unavailable: The device failed; begin again.
        """
        self._sink.flush()
        self._index.merge_if_many()

    def _is_new(self, digest: bytes) -> bool:
        if self._sink.pending(digest):
            return False
        place = self._index.find(digest)
        if place is not None:
            self._sink.lean_on(place.pack)
            return False
        self._sink.expect(digest)
        return True

    def _places(self, sent: SentRecipe) -> dict[bytes, Location]:
        """Where the chunks lie, each as long as the recipe says."""
        chunks = sent.chunks
        places = self._index.find_many(chunks.keys())
        if len(places) < len(chunks):
            self._index.refresh()  # another process may have taken them in
            places = self._index.find_many(chunks.keys())
        for digest, size in chunks.items():
            place = places.get(digest)
            if place is None or place.kind not in (RAW, ZSTD) or place.plain != size:
                raise InvalidInput(
                    f"blob blake3:{sent.digest.hex()} is said to hold chunk blake3:{digest.hex()} of {size:,} bytes, "
                    "which is not stored",
                    hint="send the chunks first",
                )
        return places

    def _check_whole(self, sent: SentRecipe) -> None:
        place = Location(_NO_PACK, RECIPE, 0, len(sent.payload), sent.size, b"")
        view = View(self._reader, Digest.of_raw("blake3", sent.digest), place, sent.recipe)
        pool = BufferPool(_BUFFERS, MOST_CHUNK_BYTES)
        whole = blake3()
        with Prefetch(assemble(self._store, view, pool, _WINDOW), depth=2, stop=pool.close) as ready:
            for filled in ready:
                piece = filled.buffer[: filled.size]
                whole.update(piece)
                if sent.size <= MAXIMUM and _one_chunk(piece):
                    raise InvalidInput(f"blob {view.digest} of {sent.size:,} bytes is one chunk", hint="do not cut it")
                pool.give(filled.buffer)
        if whole.digest() != sent.digest:
            for _ in view.pieces(0, view.size):
                pass  # where stored bytes are damaged, this says so
            raise InvalidInput(f"the chunks that were named do not make up blob {view.digest}", hint="send it again")


def read_recipe(frame: Frame) -> SentRecipe:
    """A recipe as it was sent; its chunks are not looked at yet.

    Raises:
        InvalidInput: It is no recipe of at least two chunks for a blob of that length.
    """
    payload = bytes(frame.payload)
    try:
        recipe = Recipe(payload, frame.plain, f"the recipe of blob blake3:{frame.digest.hex()}")
    except CorruptData as error:
        raise InvalidInput(error.message, hint="send it again") from error
    sizes = [piece.size for piece in recipe.pieces(0, recipe.size)]
    if len(sizes) < 2 or not all(0 < size <= MAXIMUM for size in sizes) or frame.plain <= SINGLE:
        raise InvalidInput(f"blob blake3:{frame.digest.hex()} of {frame.plain:,} bytes cannot be cut like that")
    return SentRecipe(frame.digest, frame.plain, payload, recipe)


def _one_chunk(data: memoryview) -> bool:
    """Whether the chunker leaves these bytes whole.

    Under one name may lie a chunk or a recipe, never both: otherwise a recipe could stand where a chunk is looked for.
    No chunk is cut further by the chunker, so what it leaves whole must not get a recipe.
    """
    first = next(cut(data, final=True))
    return len(first) == len(data)


def _plain(frame: Frame) -> Buffer:
    """The bytes of a chunk, which have its digest."""
    what = f"chunk blake3:{frame.digest.hex()}"
    if frame.kind not in (RAW, ZSTD):
        raise InvalidInput(f"{what} is a frame of {describe(frame.kind)}", hint="chunks are raw or compressed")
    if frame.plain > MAXIMUM:
        raise InvalidInput(f"{what} has {frame.plain:,} bytes, more than {MAXIMUM:,}", hint="cut it")
    try:
        plain = decode(frame.kind, frame.payload, frame.plain, what)
    except CorruptData as error:
        raise InvalidInput(f"as it was sent, {error.message}", hint="send it again") from error
    if len(plain) != frame.plain or blake3(plain).digest() != frame.digest:
        raise InvalidInput(f"{what} has other bytes as it was sent", hint="send it again")
    return plain


def _nothing() -> None:
    """Nobody waits for the payloads: they belong to what was sent."""
