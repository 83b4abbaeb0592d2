"""Takes blobs in: cuts, finds what is known, compresses, and hands the rest to the pack sink."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Self

from blake3 import blake3

from rollbook.blobs.chunker import cut
from rollbook.blobs.codec import Encoded, Encoder
from rollbook.blobs.index import Index
from rollbook.blobs.kinds import RECIPE
from rollbook.blobs.packsink import PackSink
from rollbook.blobs.pipeline import BufferPool, Prefetch
from rollbook.blobs.progress import Progress
from rollbook.blobs.reading import Reader
from rollbook.blobs.recipe import RecipeBuilder
from rollbook.blobs.source import BUFFER_BYTES, SINGLE, Segment, Span, read_files, read_stream
from rollbook.blobs.store import ObjectStore
from rollbook.blobs.values import BlobInfo
from rollbook.model.digest import Digest
from rollbook.model.errors import InvalidInput

_BUFFERS = 7
_AHEAD = 3


class BlobWriter:
    """Adds blobs to a store. A context manager, for one thread; memory is bounded whatever the size of the blobs.

    Nothing counts before `commit` returns. Leaving without it publishes nothing that anything refers to.
    """

    def __init__(self, store: ObjectStore, index: Index, reader: Reader) -> None:
        self._index = index
        self._reader = reader
        self._sink = PackSink(store, index)
        self._pool = BufferPool(_BUFFERS, BUFFER_BYTES)
        self._closed = False

    def __enter__(self) -> Self:
        self._index.refresh()
        return self

    def __exit__(self, *_: object) -> None:
        self._closed = True
        self._sink.stop()

    def holds(self, digest: Digest) -> bool:
        """Whether a blob is stored whole; if so, what this writer commits may refer to it."""
        self._check_open()
        return self._whole(digest.raw)

    def add_file(self, path: Path, *, progress: Progress | None = None) -> BlobInfo:
        """Add one file; see `add_files`."""
        return self.add_files([path], progress=progress)[0]

    def add_files(self, paths: Sequence[Path], *, progress: Progress | None = None) -> list[BlobInfo]:
        """Add regular files, in order. Symbolic links are followed; resolve or refuse them before.

        Args:
            paths: The files.
            progress: Called with the number of bytes dealt with since the last call.

        Returns:
            One value per path, in order.

        Raises:
            SourceChanged: A file changed while it was read.
            SourceUnreadable: A file is missing, unreadable, or no regular file.
            StorageFull: No room.
            Unavailable: The device failed.
        """
        return self._take_in(read_files(paths, self._pool, self._whole), len(paths), progress)

    def add_bytes(self, data: bytes) -> BlobInfo:
        """Add bytes from memory.

        Raises:
            StorageFull: No room.
            Unavailable: The device failed.
        """
        return self.add_stream(BytesIO(data))

    def add_stream(self, stream: BinaryIO) -> BlobInfo:
        """Add what a stream gives until its end, as one blob.

        Raises:
            SourceUnreadable: Reading the stream failed.
            StorageFull: No room.
            Unavailable: The device failed.
        """
        return self._take_in(read_stream(stream, self._pool, self._whole), 1, None)[0]

    def commit(self) -> None:
        """Make every blob added so far durable and visible. More may be added and committed afterwards.

        Raises:
            StorageFull: No room.
            Unavailable: The device failed. After any error the writer is of no more use: begin again.
        """
        self._check_open()
        self._sink.flush()
        self._index.merge_if_many()

    def _check_open(self) -> None:
        if self._closed:
            raise InvalidInput("this blob writer is closed", hint="add and commit inside its `with` block")

    def _take_in(self, segments: Iterator[Segment], count: int, progress: Progress | None) -> list[BlobInfo]:
        self._check_open()
        intake = _Intake(self._sink, self._index)
        pool = self._pool
        try:
            with Prefetch(segments, depth=_AHEAD, stop=pool.close) as ready:
                for segment in ready:
                    entries = intake.take(segment)
                    self._sink.submit(entries, partial(pool.give, segment.buffer))
                    if progress is not None:
                        progress(sum(span.stop - span.start or (span.size or 0) for span in segment.spans))
        except BaseException:
            self._pool = BufferPool(_BUFFERS, BUFFER_BYTES)  # the failed reader may have kept some of the old one's
            raise
        return [intake.infos[number] for number in range(count)]

    def _whole(self, digest: bytes) -> bool:
        """Whether a blob is stored with all its chunks (a pack may have been lost since)."""
        place = self._index.find(digest)
        if place is None:
            return False
        packs = {place.pack}
        if place.kind == RECIPE:
            for piece in self._reader.recipe(digest, place).pieces(0, place.plain):
                found = self._index.find(piece.digest)
                if found is None:
                    return False
                packs.add(found.pack)
        for pack in packs:
            self._sink.lean_on(pack)
        return True


class _Intake:
    """Turns the spans of some blobs into entries, and collects what they are called."""

    def __init__(self, sink: PackSink, index: Index) -> None:
        self.infos: dict[int, BlobInfo] = {}
        self._sink = sink
        self._index = index
        self._recipe = RecipeBuilder()
        self._encoder = Encoder()
        self._rest = b""

    def take(self, segment: Segment) -> list[Encoded]:
        """Entries that are not yet stored. Their payloads may lie in the segment's buffer."""
        entries: list[Encoded] = []
        for span in segment.spans:
            if not span.known:
                self._take_span(segment.buffer, span, entries)
            if span.digest is not None and span.size is not None:
                self.infos[span.number] = BlobInfo(Digest.of_raw("blake3", span.digest), span.size)
        return entries

    def _take_span(self, buffer: memoryview, span: Span, entries: list[Encoded]) -> None:
        if span.first:
            self._recipe, self._encoder, self._rest = RecipeBuilder(), Encoder(), b""
        if span.first and span.digest is not None and span.stop - span.start <= SINGLE:
            self._keep(span.digest, buffer[span.start : span.stop], entries)
            return
        self._cut(self._window(buffer, span), final=span.digest is not None, entries=entries)
        if span.digest is not None and span.size is not None:
            self._finish(span.digest, span.size, entries)

    def _window(self, buffer: memoryview, span: Span) -> memoryview:
        """The span, with what the last window left over put in front of it."""
        start = span.start - len(self._rest)
        buffer[start : span.start] = self._rest
        return buffer[start : span.stop]

    def _cut(self, window: memoryview, *, final: bool, entries: list[Encoded]) -> None:
        done = 0
        for chunk in cut(window, final=final):
            digest = blake3(chunk).digest()
            self._recipe.add(digest, len(chunk))
            self._keep(digest, chunk, entries)
            done += len(chunk)
        self._rest = bytes(window[done:])

    def _finish(self, digest: bytes, size: int, entries: list[Encoded]) -> None:
        """A blob of one chunk is that chunk; others get a recipe."""
        if self._recipe.count > 1 and self._is_new(digest):
            payload = self._recipe.payload
            entries.append(Encoded(digest, blake3(payload).digest(), RECIPE, payload, size))

    def _keep(self, digest: bytes, chunk: memoryview, entries: list[Encoded]) -> None:
        if self._is_new(digest):
            entries.append(self._encoder.encode(digest, chunk))

    def _is_new(self, digest: bytes) -> bool:
        if self._sink.pending(digest):
            return False
        place = self._index.find(digest)
        if place is not None:
            self._sink.lean_on(place.pack)
            return False
        self._sink.expect(digest)
        return True
