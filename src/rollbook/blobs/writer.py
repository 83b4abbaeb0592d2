"""Takes blobs in: cuts, finds what is known, compresses, and hands the rest to the pack sink."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Self

from blake3 import blake3

from rollbook.blobs.chunker import cut
from rollbook.blobs.codec import Encoded, Encoder
from rollbook.blobs.index import Index
from rollbook.blobs.kinds import RECIPE
from rollbook.blobs.likeness import Likeness
from rollbook.blobs.packsink import PackSink
from rollbook.blobs.pipeline import BufferPool, Prefetch
from rollbook.blobs.progress import Progress
from rollbook.blobs.reading import Reader
from rollbook.blobs.recipe import RecipeBuilder
from rollbook.blobs.source import BUFFER_BYTES, SINGLE, Segment, Span, read_files, read_stream
from rollbook.blobs.store import ObjectStore
from rollbook.blobs.values import BlobInfo, Location
from rollbook.model.digest import Digest
from rollbook.model.errors import CorruptData, InvalidInput, RollbookError

_BUFFERS = 7
_AHEAD = 3


class BlobWriter:
    """Adds blobs to a store. A context manager, for one thread; memory is bounded whatever the size of the blobs.

    Nothing counts before `commit` returns. Leaving without it publishes nothing that anything refers to.
    """

    def __init__(
        self,
        store: ObjectStore,
        index: Index,
        reader: Reader,
        remember: Callable[[Iterable[bytes]], None] = lambda _: None,
    ) -> None:
        self._remember = remember
        self._taken: set[bytes] = set()
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

    def held(self, digests: Collection[Digest]) -> set[Digest]:
        """Those of some blobs that are stored whole; what this writer commits may refer to them."""
        self._check_open()
        places = self._index.find_many({digest.raw for digest in digests})
        found = {digest for digest in digests if self._whole_at(digest.raw, places.get(digest.raw))}
        self._taken.update(digest.raw for digest in found)
        return found

    def add_file(self, path: Path, *, progress: Progress | None = None) -> BlobInfo:
        """Add one file; see `add_files`."""
        return self.add_files([path], progress=progress)[0]

    def add_files(
        self, paths: Sequence[Path], *, like: Sequence[Digest | None] = (), progress: Progress | None = None
    ) -> list[BlobInfo]:
        """Add regular files, in order. Symbolic links are followed; resolve or refuse them before.

        Args:
            paths: The files.
            like: For each path a blob that the file is likely to resemble, such as what it was before, or None. Makes
                no difference but to the time it takes.
            progress: Called with the number of bytes dealt with since the last call.

        Returns:
            One value per path, in order.

        Raises:
            SourceChanged: A file changed while it was read.
            SourceUnreadable: A file is missing, unreadable, or no regular file.
            StorageFull: No room.
            Unavailable: The device failed.
        """
        likeness = [*like, *[None] * (len(paths) - len(like))]
        segments = read_files(paths, self._pool, self._whole, lambda number: self._likeness(likeness[number]))
        return self._take_in(segments, len(paths), progress)

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
        self._remember(self._taken)
        self._taken.clear()
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
        infos = [intake.infos[number] for number in range(count)]
        self._taken.update(info.digest.raw for info in infos)
        return infos

    def _whole(self, digest: bytes) -> bool:
        return self._whole_at(digest, self._index.find(digest))

    def _whole_at(self, digest: bytes, place: Location | None) -> bool:
        """Whether a blob is stored with all its chunks (a pack may have been lost since)."""
        if place is None:
            return False
        packs = {place.pack}
        if place.kind == RECIPE:
            try:
                recipe = self._reader.recipe(digest, place)
            except CorruptData:
                self._index.refresh()  # its pack may have been collected or rewritten since this writer began
                moved = self._index.find(digest)
                if moved == place:
                    raise
                return self._whole_at(digest, moved)
            chunks = {piece.digest for piece in recipe.pieces(0, recipe.size)}
            found = self._index.find_many(chunks)
            if len(found) < len(chunks):
                return False
            packs.update(place.pack for place in found.values())
        for pack in packs:
            self._sink.lean_on(pack)
        return True

    def _likeness(self, digest: Digest | None) -> Likeness | None:
        """What a file is likely to hold; None where nothing is known of that blob, or it is a single chunk."""
        try:
            place = self._index.find(digest.raw) if digest is not None else None
            if digest is None or place is None or place.kind != RECIPE:
                return None
            recipe = self._reader.recipe(digest.raw, place)
            return Likeness(recipe, self._index.find_many({piece.digest for piece in recipe.pieces(0, recipe.size)}))
        except RollbookError:
            return None  # a hint that cannot be read is none


class _Intake:
    """Turns the spans of some blobs into entries, and collects what they are called."""

    def __init__(self, sink: PackSink, index: Index) -> None:
        self.infos: dict[int, BlobInfo] = {}
        self._sink = sink
        self._index = index
        self._recipe = RecipeBuilder()
        self._encoder = Encoder()
        self._rest = b""
        self._like: Likeness | None = None
        self._last = b""

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
            self._like, self._last = span.like, b""
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
        while (found := self._expected(window) or _cut_one(window, final=final)) is not None:
            digest, chunk = found
            self._recipe.add(digest, len(chunk))
            self._keep(digest, chunk, entries)
            self._last = digest
            window = window[len(chunk) :]
        self._rest = bytes(window)

    def _expected(self, window: memoryview) -> tuple[bytes, memoryview] | None:
        """The chunk that the window is likely to begin with, where it does."""
        digest, size = self._like.after(self._last) if self._like is not None else (b"", 0)
        if not 0 < size <= len(window):
            return None
        chunk = window[:size]
        return (digest, chunk) if blake3(chunk).digest() == digest else None

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
        pack = self._pack_of(digest)
        if pack is not None:
            self._sink.lean_on(pack)
            return False
        self._sink.expect(digest)
        return True

    def _pack_of(self, digest: bytes) -> bytes | None:
        pack = self._like.pack_of(digest) if self._like is not None else None
        if pack is None and (place := self._index.find(digest)) is not None:
            pack = place.pack
        return pack


def _cut_one(window: memoryview, *, final: bool) -> tuple[bytes, memoryview] | None:
    chunk = next(cut(window, final=final), None)
    return (blake3(chunk).digest(), chunk) if chunk is not None else None
