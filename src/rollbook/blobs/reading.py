"""Checked reads: nothing leaves this module that was not compared with a digest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from blake3 import blake3

from rollbook.blobs.codec import decode
from rollbook.blobs.index import Index
from rollbook.blobs.kinds import DELTA, MOST_PAYLOAD_BYTES, RAW, RECIPE, SEALED, ZSTD, describe
from rollbook.blobs.names import pack_name
from rollbook.blobs.recipe import Piece, Recipe
from rollbook.blobs.store import Buffer, ObjectStore, read_exact
from rollbook.blobs.values import Location
from rollbook.model.digest import Digest
from rollbook.model.errors import CorruptData, InvalidInput, NotFound, UnsupportedFormat

_PIECES = 16 * 1024
"""Look up so many chunks at once: about a gigabyte of a blob."""


class Part(NamedTuple):
    """A chunk of a blob: where it lies, and which of its bytes are wanted."""

    place: Location
    piece: Piece


class Reader:
    """Reads entries of one store. Safe to use from several threads.

    Args:
        store: Where packs lie.
        index: Where entries lie in them.
    """

    def __init__(self, store: ObjectStore, index: Index) -> None:
        self._store = store
        self._index = index

    def known(self, digest: Digest) -> Location | None:
        """Where a blob's entry lies, or None. Looks again at the store before it says None.

        Raises:
            InvalidInput: The digest is not one that names bytes.
        """
        check_blob(digest)
        place = self._index.find(digest.raw)
        if place is None:
            self._index.refresh()
            place = self._index.find(digest.raw)
        return place

    def locate(self, digest: Digest) -> Location:
        """Where a blob's entry lies.

        Raises:
            NotFound: No such blob.
            CorruptData: None is visible, but the index of a pack that may hold it is damaged.
            UnsupportedFormat: A newer release wrote it.
        """
        place = self.known(digest)
        if place is None:
            for error in self._index.damaged().values():
                raise type(error)(f"blob {digest} is not found; {error.message}", hint=error.hint) from error
            raise NotFound(f"no blob {digest} in this store", hint="its pack is gone: log the same content again")
        if place.kind in (DELTA, SEALED):
            raise UnsupportedFormat(
                f"blob {digest} is an entry of {describe(place.kind)}", hint="use a release that reads this kind"
            )
        return place

    def open(self, digest: Digest) -> View:
        """A blob, ready for reading any part of it.

        Raises:
            NotFound: No such blob.
            CorruptData: Its recipe is damaged.
            UnsupportedFormat: A newer release wrote it.
        """
        place = self.locate(digest)
        try:
            recipe = self.recipe(digest.raw, place) if place.kind == RECIPE else None
        except CorruptData:
            self._index.refresh()  # its pack may have been rewritten since this process looked
            moved = self.locate(digest)
            if moved == place:
                raise
            place, recipe = moved, self.recipe(digest.raw, moved)
        return View(self, digest, place, recipe)

    def open_many(self, digests: Sequence[Digest]) -> Iterator[View]:
        """Blobs in order, as `open`; faster where many are one chunk each."""
        places = self._index.find_many({check_blob(digest) for digest in digests})
        for digest in digests:
            place = places.get(digest.raw)
            if place is not None and place.kind in (RAW, ZSTD):
                yield View(self, digest, place, None)
            else:
                yield self.open(digest)

    def reopen(self, digest: Digest) -> View:
        """A blob as `open`, from where it lies now: packs may have been rewritten since this process looked."""
        self._index.refresh()
        return self.open(digest)

    def recipe(self, digest: bytes, place: Location) -> Recipe:
        """The recipe of a blob, checked against its stored digest.

        Raises:
            CorruptData: It is damaged.
        """
        what = f"the recipe of blob blake3:{digest.hex()} in {pack_name(place.pack)}"
        payload = self._payload(place)
        if blake3(payload).digest() != place.stored_digest:
            raise CorruptData(f"{what} is damaged", hint="run `rollbook verify`")
        return Recipe(payload, place.plain, what)

    def chunk(self, part: Part) -> Buffer:
        """The wanted bytes of a chunk, checked; when one copy is damaged, another is tried.

        Raises:
            CorruptData: No copy has the right bytes.
        """
        try:
            plain = self.checked(part.piece.digest, part.place)
        except CorruptData as error:
            plain = self._another_copy(part, error)
        if len(plain) != part.piece.size:
            raise CorruptData(f"chunk blake3:{part.piece.digest.hex()} has {len(plain)} bytes, not {part.piece.size}")
        return memoryview(plain)[part.piece.start : part.piece.stop]

    def checked(self, digest: bytes, place: Location) -> Buffer:
        """The plain bytes of the chunk at one place, checked.

        Raises:
            CorruptData: They do not match the digest.
        """
        what = f"chunk blake3:{digest.hex()} in {pack_name(place.pack)}"
        plain = decode(place.kind, self._payload(place), place.plain, what)
        if blake3(plain).digest() != digest:
            raise CorruptData(f"{what} is damaged: its bytes do not match its digest", hint="run `rollbook verify`")
        return plain

    def stored(self, place: Location) -> bytearray:
        """What is stored at a place, checked as it is, without decoding it.

        Raises:
            CorruptData: It is damaged.
        """
        payload = self._payload(place)
        if blake3(payload).digest() != place.stored_digest:
            raise CorruptData(
                f"an entry at {place.offset} of {pack_name(place.pack)} is damaged", hint="run `rollbook verify`"
            )
        return payload

    def _another_copy(self, part: Part, error: CorruptData) -> Buffer:
        for place in self._elsewhere(part):
            try:
                return self.checked(part.piece.digest, place)
            except CorruptData:
                continue
        raise error

    def _elsewhere(self, part: Part) -> Iterator[Location]:
        """Other places of a chunk; at last those of packs that were written since this process looked."""
        tried = {part.place.pack}
        for look_again in (False, True):
            if look_again:
                self._index.refresh()
            for place in self._index.copies(part.piece.digest):
                if place.pack not in tried:
                    tried.add(place.pack)
                    yield place

    def _payload(self, place: Location) -> bytearray:
        if place.stored > MOST_PAYLOAD_BYTES:
            raise CorruptData(f"the index of {pack_name(place.pack)} is wrong: no entry has {place.stored} bytes")
        try:
            return read_exact(self._store, pack_name(place.pack), place.offset, place.stored)
        except NotFound as error:
            raise CorruptData(
                f"pack {pack_name(place.pack)} is gone", hint="restore it, or log the same content again"
            ) from error

    def locate_chunks(self, pieces: Sequence[Piece], blob: Digest) -> Iterator[Part]:
        """Where chunks of a blob lie, as `locate_chunk`; those that are missing are noticed when it is their turn."""
        places = self._index.find_many({piece.digest for piece in pieces})
        return (Part(places.get(piece.digest) or self.locate_chunk(piece, blob), piece) for piece in pieces)

    def locate_chunk(self, piece: Piece, blob: Digest) -> Location:
        """Where a chunk of a blob lies.

        Raises:
            CorruptData: Nowhere.
        """
        place = self._index.find(piece.digest)
        if place is None:
            self._index.refresh()
            place = self._index.find(piece.digest)
        if place is None:
            raise CorruptData(
                f"chunk blake3:{piece.digest.hex()} of blob {blob} is missing",
                hint="restore the missing pack, or log the same content again",
            )
        return place


def check_blob(digest: Digest) -> bytes:
    """The raw digest, where it is one that names bytes.

    Raises:
        InvalidInput: It is not.
    """
    if digest.algorithm not in ("blake3", "blake3-keyed"):
        raise InvalidInput(f"{digest} does not name a blob", hint="blobs are named by BLAKE3")
    return digest.raw


class View:
    """An opened blob.

    Attributes:
        digest: Its name.
        size: Its length in bytes.
    """

    def __init__(self, reader: Reader, digest: Digest, place: Location, recipe: Recipe | None) -> None:
        self.digest = digest
        self.size = place.plain
        self._reader = reader
        self._place = place
        self._recipe = recipe

    def parts(self, start: int, stop: int) -> Iterator[Part]:
        """The chunks that hold bytes `start` to `stop`.

        Raises:
            CorruptData: A chunk is missing.
        """
        if self._recipe is not None:
            pieces = self._recipe.pieces(start, stop)
            while batch := list(islice(pieces, _PIECES)):
                yield from self._reader.locate_chunks(batch, self.digest)
        elif start < stop or self.size == 0:
            yield Part(self._place, Piece(self.digest.raw, self.size, start, stop))

    def pieces(self, start: int, stop: int) -> Iterator[Buffer]:
        """The bytes `start` to `stop`, chunk by chunk, each checked.

        Raises:
            CorruptData: A chunk is missing or damaged.
        """
        return (self._reader.chunk(part) for part in self.parts(start, stop))
