"""Puts a blob's bytes together in large pieces: chunks that lie behind one another in a pack are read at once.

What comes out is not yet checked; `fetch` compares the whole with the blob's digest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from rollbook.blobs.codec import decode
from rollbook.blobs.kinds import MOST_CHUNK_BYTES, RAW
from rollbook.blobs.names import pack_name
from rollbook.blobs.pipeline import BufferPool
from rollbook.blobs.reading import Part, View
from rollbook.blobs.store import ObjectStore, fill_exact, read_exact
from rollbook.model.errors import CorruptData


class Filled(NamedTuple):
    """Some bytes of a blob in a buffer of a pool."""

    buffer: memoryview
    size: int


def assemble(store: ObjectStore, view: View, pool: BufferPool, window: int) -> Iterator[Filled]:
    """All bytes of a blob in order, in buffers of a pool.

    Args:
        store: Where packs lie.
        view: The blob.
        pool: Gives buffers of at least `MOST_CHUNK_BYTES`; the consumer gives them back.
        window: Bytes to put together in a buffer, where no single chunk is larger; at most the size of the buffers.

    Raises:
        CorruptData: Something is missing, or visibly damaged.
    """
    parts = view.parts(0, view.size)
    held = next(parts, None)
    while held is not None:
        if held.piece.size > MOST_CHUNK_BYTES:
            raise CorruptData(f"blob {view.digest} is damaged: no chunk has {held.piece.size} bytes")
        batch, size = [held], held.piece.size
        held = next(parts, None)
        while held is not None and size + held.piece.size <= window:
            batch.append(held)
            size += held.piece.size
            held = next(parts, None)
        buffer = pool.take()
        fill(store, batch, buffer)
        yield Filled(buffer, size)


def fill(store: ObjectStore, parts: Iterable[Part], buffer: memoryview) -> None:
    """Put chunks behind one another into a buffer that holds them all.

    Raises:
        CorruptData: Something is missing, or visibly damaged.
    """
    position = 0
    for run in _runs(parts):
        first, last = run[0].place, run[-1].place
        stored = last.offset + last.stored - first.offset
        if first.kind == RAW:
            fill_exact(store, pack_name(first.pack), first.offset, buffer[position : position + stored])
            position += stored
            continue
        payloads = memoryview(read_exact(store, pack_name(first.pack), first.offset, stored))
        for place, piece in run:
            start = place.offset - first.offset
            what = f"chunk blake3:{piece.digest.hex()} in {pack_name(place.pack)}"
            plain = decode(place.kind, payloads[start : start + place.stored], piece.size, what)
            if len(plain) != piece.size:
                raise CorruptData(f"{what} has {len(plain)} bytes, not {piece.size}")
            buffer[position : position + piece.size] = plain
            position += piece.size


def _runs(parts: Iterable[Part]) -> Iterator[list[Part]]:
    """Parts grouped where each payload begins at the end of the one before, and all are raw or all are not."""
    run: list[Part] = []
    for part in parts:
        if run and not _adjoin(run[-1], part):
            yield run
            run = []
        run.append(part)
    if run:
        yield run


def _adjoin(one: Part, other: Part) -> bool:
    end = one.place.offset + one.place.stored
    return (one.place.pack, end, one.place.kind) == (other.place.pack, other.place.offset, other.place.kind)
