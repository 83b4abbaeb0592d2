"""Reads files and streams into buffers, in a thread of its own, and hashes them whole on the way.

Files are read, never mapped: a file that shrinks while it is mapped kills the process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import count
from pathlib import Path
from typing import BinaryIO, NamedTuple

from blake3 import blake3

from rollbook.blobs.chunker import AVERAGE, MAXIMUM, cut
from rollbook.blobs.likeness import Likeness
from rollbook.blobs.oserrors import source_error
from rollbook.blobs.pipeline import BufferPool, Prefetch
from rollbook.blobs.regularfile import RegularFile

CARRY = MAXIMUM
"""Room in front of each buffer for what the cutter left over from the one before."""
SINGLE = AVERAGE
"""Blobs up to this size are one chunk, never cut."""
WINDOW = 4 * 1024 * 1024
BUFFER_BYTES = CARRY + WINDOW
_TAIL = 1024 * 1024


Known = Callable[[bytes], bool]
"""Whether a raw digest names bytes that are already stored whole."""
Like = Callable[[int], Likeness | None]
"""What the file of that number is likely to hold."""


class Span(NamedTuple):
    """A part of one blob in a buffer.

    Attributes:
        number: Which of the blobs.
        start: Where the part begins in the buffer.
        stop: Where it ends.
        first: It begins the blob.
        size: Length of the whole blob when the part ends it, else None.
        digest: BLAKE3 of the whole blob, raw, when the part ends it.
        known: The whole blob is already stored; the bytes need no further work.
        like: What the blob is likely to hold, when the part begins it.
    """

    number: int
    start: int
    stop: int
    first: bool
    size: int | None
    digest: bytes | None
    known: bool
    like: Likeness | None = None


class Segment(NamedTuple):
    """A buffer of a pool, and what lies in it."""

    buffer: memoryview
    spans: list[Span]


def read_files(paths: Iterable[Path], pool: BufferPool, known: Known, like: Like) -> Iterator[Segment]:
    """Read files in order; many small ones share a buffer.

    Raises:
        SourceChanged: A file changed while it was read.
        SourceUnreadable: Missing, no permission, or not a regular file.
    """
    shared = _Shared(pool)
    for number, path in enumerate(paths):
        with RegularFile(path) as source:
            if source.size <= SINGLE:
                yield from shared.add(number, source, known)
            else:
                yield from shared.flush()
                yield from _read_large(number, source, pool, known, like(number))
    yield from shared.flush()


def read_stream(stream: BinaryIO, pool: BufferPool, known: Known) -> Iterator[Segment]:
    """Read a stream of unknown length as one blob.

    Raises:
        SourceUnreadable: Reading it failed.
    """
    return _windows(0, lambda view: _read_stream_into(stream, view), pool, known, lambda _: None)


class _Shared:
    """Collects small files in one buffer."""

    def __init__(self, pool: BufferPool) -> None:
        self._pool = pool
        self._buffer: memoryview | None = None
        self._spans: list[Span] = []
        self._end = 0

    def add(self, number: int, source: RegularFile, known: Known) -> Iterator[Segment]:
        if self._buffer is not None and self._end + source.size + 1 > len(self._buffer):
            yield from self.flush()
        if self._buffer is None:
            self._buffer = self._pool.take()
        start = self._end
        # one byte more than the file should have, to notice that it grew
        size = source.read_into(self._buffer[start : start + source.size + 1])
        source.check_unchanged(size)
        self._end = start + size
        digest = blake3(self._buffer[start : self._end]).digest()
        self._spans.append(Span(number, start, self._end, True, size, digest, known(digest)))

    def flush(self) -> Iterator[Segment]:
        if self._buffer is not None:
            yield Segment(self._buffer, self._spans)
            self._buffer, self._spans, self._end = None, [], 0


def _read_large(
    number: int, source: RegularFile, pool: BufferPool, known: Known, like: Likeness | None
) -> Iterator[Segment]:
    expected: bytes | None = None
    if source.size > WINDOW and (_is_like(source, pool, like) if like else _seems_known(source, pool, known)):
        expected = _hash_whole(source, pool)
        if known(expected):
            source.check_unchanged(source.size)
            yield Segment(pool.take(), [Span(number, CARRY, CARRY, True, source.size, expected, True)])
            return
        source.seek(0)
    for segment in _windows(number, source.read_into, pool, known, source.check_unchanged, like):
        digest = segment.spans[-1].digest
        if expected is not None and digest not in (None, expected):
            raise source.changed(source.size)
        yield segment


def _windows(
    number: int,
    read_into: Callable[[memoryview], int],
    pool: BufferPool,
    known: Known,
    check: Callable[[int], None],
    like: Likeness | None = None,
) -> Iterator[Segment]:
    """One blob, window by window. A window is the last when the read after it finds nothing more."""
    whole = blake3()
    size = 0
    buffer = pool.take()
    got = read_into(buffer[CARRY:])
    first = True
    while True:
        whole.update(buffer[CARRY : CARRY + got])
        size += got
        following = pool.take() if got == WINDOW else None
        more = read_into(following[CARRY:]) if following is not None else 0
        if more == 0 or following is None:
            if following is not None:
                pool.give(following)
            break
        yield Segment(buffer, [Span(number, CARRY, CARRY + got, first, None, None, False, like if first else None)])
        buffer, got, first = following, more, False
    check(size)
    digest = whole.digest()
    span = Span(number, CARRY, CARRY + got, first, size, digest, first and known(digest), like if first else None)
    yield Segment(buffer, [span])


def _seems_known(source: RegularFile, pool: BufferPool, known: Known) -> bool:
    """Whether the first and the last chunk are stored, so that hashing the whole file may save cutting it.

    Cuts made from anywhere soon fall in with those made from the beginning, so the last chunk is found from near the
    end. Where they do not, the file is merely cut again.
    """
    buffer = pool.take()
    try:
        size = source.read_into(buffer[:MAXIMUM])
        head = next(cut(buffer[:size], final=False), buffer[:0])
        if not known(blake3(head).digest()):
            return False
        source.seek(source.size - _TAIL)
        size = source.read_into(buffer[:_TAIL])
        chunks = list(cut(buffer[:size], final=True))
        return bool(chunks) and known(blake3(chunks[-1]).digest())
    finally:
        source.seek(0)
        pool.give(buffer)


def _is_like(source: RegularFile, pool: BufferPool, like: Likeness) -> bool:
    """Whether the file has the length of what it is likely to be, and the same bytes in some places all over it."""
    if source.size != like.size:
        return False
    buffer = pool.take()
    try:
        for sample in like.samples():
            source.seek(sample.start)
            size = source.read_into(buffer[: sample.size])
            if blake3(buffer[:size]).digest() != sample.digest:
                return False
        return True
    finally:
        source.seek(0)
        pool.give(buffer)


def _hash_whole(source: RegularFile, pool: BufferPool) -> bytes:
    """Hash the file while another thread reads on."""
    whole = blake3()
    buffer = pool.take()
    try:
        with Prefetch(_slices(source, buffer), depth=1) as pieces:
            for piece in pieces:
                whole.update(piece)
    finally:
        pool.give(buffer)
    return whole.digest()


def _slices(source: RegularFile, buffer: memoryview) -> Iterator[memoryview]:
    """The file in slices of one buffer. One is read, one waits, one is hashed: the fourth is always free."""
    size = len(buffer) // 4
    for number in count():
        start = number % 4 * size
        got = source.read_into(buffer[start : start + size])
        if got == 0:
            return
        yield buffer[start : start + got]


def _read_stream_into(stream: BinaryIO, view: memoryview) -> int:
    done = 0
    try:
        while done < len(view) and (piece := stream.read(len(view) - done)):
            view[done : done + len(piece)] = piece
            done += len(piece)
    except (OSError, ValueError) as error:
        raise source_error(error, getattr(stream, "name", "the stream")) from error
    return done
