"""Sends files to a project of a server: cut and hashed here, and only what the server lacks travels.

Files are read once. Batches of chunks are asked for, compressed and sent by a few threads, while the next ones are
cut; a batch stays in memory until the server says that it is durable, so a lost answer or a restart costs at most the
batches that were under way.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from io import BytesIO
from pathlib import Path
from typing import Self

from rollbook.blobs import BlobInfo, Frame, write_frames
from rollbook.blobs.codec import Encoder
from rollbook.blobs.cutting import Cutter
from rollbook.blobs.frames import stream_size
from rollbook.blobs.kinds import RECIPE
from rollbook.blobs.pipeline import BufferPool, Prefetch
from rollbook.blobs.progress import Progress, silent
from rollbook.blobs.source import BUFFER_BYTES, WINDOW, Segment, read_files, read_stream
from rollbook.model.digest import Digest
from rollbook.sdk.remote.client import Client

LANES = 4
BATCH_BYTES = 16 * 1024 * 1024
MAX_ASKED = 65_536
MAX_FRAMES = 32_768
MAX_REMEMBERED = 2_000_000
RECIPES_BYTES = 4 * 1024 * 1024
RECIPES_PLAIN = 1024 * 1024 * 1024
"""The server puts the blobs of a request's recipes together; this bounds how long its answer takes."""
_TOGETHER_BYTES = 64 * 1024
"""So few recipes travel with the last chunks."""
_TAIL_BYTES = 1024 * 1024
"""So little at the end waits for what is under way, and then travels with the recipes: one request less."""
_UNASKED_BYTES = 64 * 1024
"""So little is sent without asking first: the question would take as long."""
_BUFFERS_PER_BATCH = BATCH_BYTES // WINDOW
_AHEAD = 3
_SPARE = 4
_BLOCK = 1024 * 1024


class _Batch:
    """Chunks that are sent together, and the buffers that they lie in."""

    def __init__(self) -> None:
        self.chunks: dict[bytes, memoryview] = {}
        self.size = 0
        self.buffers: list[memoryview] = []

    @property
    def full(self) -> bool:
        return self.size >= BATCH_BYTES or len(self.buffers) >= _BUFFERS_PER_BATCH


class RemoteUpload:
    """Blobs on their way to a project of a server. A context manager, for one thread. See `sdk.transport.Upload`.

    Args:
        client: The server.
        where: The project's path (`rollbook.sdk.remote.client.project_path`).
        lanes: How many requests are under way at once.
    """

    def __init__(self, client: Client, where: str, *, lanes: int = LANES) -> None:
        self._client = client
        self._where = where
        self._lanes = lanes
        self._threads = ThreadPoolExecutor(lanes, thread_name_prefix="rollbook-send")
        self._sending: dict[Future[None], _Batch] = {}
        self._pool = self._new_pool()
        self._batch = _Batch()
        self._recipes: dict[bytes, Frame] = {}
        self._sent: set[bytes] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown(cancel_futures=True)

    def held(self, digests: Collection[Digest]) -> AbstractSet[Digest]:
        """Those of some blobs that the project holds, or that this person has sent there lately."""
        asked = {digest.raw: digest for digest in digests}
        missing = self._missing(list(asked))
        return {digest for raw, digest in asked.items() if raw not in missing}

    def add_files(
        self, paths: Sequence[Path], *, like: Sequence[Digest | None] = (), progress: Progress | None = None
    ) -> list[BlobInfo]:
        """Read files once and send what is missing; see `rollbook.blobs.BlobWriter.add_files`."""
        del like  # what the server has of it is asked for chunk by chunk
        found: dict[Path, BlobInfo] = {}
        large = {path: None for path in paths if _size(path) > WINDOW}
        small = [path for path in dict.fromkeys(paths) if path not in large]
        for some, known in ((small, _unknown), (list(large), self._is_held)):
            segments = read_files(some, self._pool, known, lambda _: None)
            infos = self._take_in(segments, progress or silent)
            found.update((path, infos[number]) for number, path in enumerate(some))
        return [found[path] for path in paths]

    def add_bytes(self, data: bytes) -> BlobInfo:
        """Send bytes from memory."""
        return self._take_in(read_stream(BytesIO(data), self._pool, _unknown), silent)[0]

    def commit(self) -> None:
        """Make everything added durable on the server.

        Raises:
            StorageFull: The server has no room.
            Unavailable: The server cannot be reached. What it has taken stays there for a day: begin again.
        """
        if self._sending and self._batch.size > _TAIL_BYTES:
            self._dispatch()
        while self._sending:
            self._collect()
        self._finish()

    def _take_in(self, segments: Iterator[Segment], progress: Progress) -> dict[int, BlobInfo]:
        cutter = Cutter()
        infos: dict[int, BlobInfo] = {}
        try:
            with Prefetch(segments, depth=_AHEAD, stop=self._pool.close) as ready:
                for segment in ready:
                    self._take(cutter, segment, infos)
                    progress(sum(span.stop - span.start or (span.size or 0) for span in segment.spans))
        except BaseException:
            self._pool = self._new_pool()  # the failed reader may have kept some of the old one's buffers
            self._batch = _Batch()
            raise
        return infos

    def _take(self, cutter: Cutter, segment: Segment, infos: dict[int, BlobInfo]) -> None:
        taken = cutter.take(segment)
        for blob in taken.blobs:
            infos[blob.number] = BlobInfo(Digest.of_raw("blake3", blob.digest), blob.size)
            if blob.recipe:
                self._recipes[blob.digest] = Frame(blob.digest, RECIPE, blob.size, blob.recipe)
        new = {digest: chunk for digest, chunk in taken.chunks if digest not in self._sent}
        if not new:
            self._pool.give(segment.buffer)
            return
        if len(self._sent) > MAX_REMEMBERED:
            self._sent.clear()  # costs a question more where a chunk comes again
        self._sent.update(new)
        self._batch.chunks |= new
        self._batch.size += sum(map(len, new.values()))
        self._batch.buffers.append(segment.buffer)
        if self._batch.full:
            self._dispatch()

    def _dispatch(self) -> None:
        """Let a lane send what has gathered; waits while all are busy."""
        batch, self._batch = self._batch, _Batch()
        while len(self._sending) >= self._lanes:
            self._collect()
        if batch.chunks:
            self._sending[self._threads.submit(self._send, batch.chunks)] = batch

    def _collect(self) -> None:
        """Wait until a lane is free."""
        done, _ = wait(self._sending, return_when=FIRST_COMPLETED)
        for future in done:
            for buffer in self._sending.pop(future).buffers:
                self._pool.give(buffer)
            future.result()

    def _finish(self) -> None:
        """Send the recipes, which need their chunks there: with the last chunks, where those are all there are."""
        chunks, buffers = self._batch.chunks, self._batch.buffers
        self._batch = _Batch()
        wanted = self._missing(list(self._recipes)) if len(self._recipes) > 1 else self._recipes.keys()
        recipes = [frame for frame in self._recipes.values() if frame.digest in wanted]
        together = sum(len(frame.payload) for frame in recipes) <= _TOGETHER_BYTES
        self._send(chunks, recipes if together else ())
        for group in () if together else _grouped(recipes):
            self._put(group)
        for buffer in buffers:
            self._pool.give(buffer)
        self._recipes.clear()

    def _send(self, chunks: Mapping[bytes, memoryview], recipes: Sequence[Frame] = ()) -> None:
        """Send those chunks that are missing, and recipes."""
        size = sum(map(len, chunks.values()))
        wanted = self._missing(list(chunks)) if size > _UNASKED_BYTES else chunks.keys()
        encoder = Encoder()
        frames: list[Frame] = []
        for digest, chunk in chunks.items():
            if digest in wanted:
                entry = encoder.encode(digest, chunk)
                frames.append(Frame(digest, entry.kind, entry.plain, entry.payload))
        for start in range(0, len(frames), MAX_FRAMES):
            self._put(frames[start : start + MAX_FRAMES] + (list(recipes) if start + MAX_FRAMES >= len(frames) else []))
        if recipes and not frames:
            self._put(recipes)

    def _put(self, frames: Sequence[Frame]) -> None:
        size = stream_size(len(frame.payload) for frame in frames)
        headers = {"Content-Length": str(size), "Content-Type": "application/octet-stream"}
        path = f"{self._where}/upload"
        self._client.read("PUT", path, content=lambda: write_frames(frames, _BLOCK), headers=headers)

    def _missing(self, names: Sequence[bytes]) -> AbstractSet[bytes]:
        missing: set[bytes] = set()
        for start in range(0, len(names), MAX_ASKED):
            some = names[start : start + MAX_ASKED]
            bits = self._client.read("POST", f"{self._where}/upload/missing", content=b"".join(some))
            missing.update(name for number, name in enumerate(some) if bits[number >> 3] & (0x80 >> (number & 7)))
        return missing

    def _is_held(self, digest: bytes) -> bool:
        return not self._missing([digest])

    def _new_pool(self) -> BufferPool:
        return BufferPool((self._lanes + 1) * _BUFFERS_PER_BATCH + _AHEAD + _SPARE, BUFFER_BYTES)


def _grouped(recipes: Sequence[Frame]) -> Iterator[list[Frame]]:
    """Recipes in groups that one request can carry and one answer can wait for."""
    group: list[Frame] = []
    size = plain = 0
    for frame in recipes:
        if group and (size + len(frame.payload) > RECIPES_BYTES or plain + frame.plain > RECIPES_PLAIN):
            yield group
            group, size, plain = [], 0, 0
        group.append(frame)
        size += len(frame.payload)
        plain += frame.plain
    if group:
        yield group


def _size(path: Path) -> int:
    """Length of a file; 0 where there is none, for the reader to say so."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _unknown(_: bytes) -> bool:
    """Small files are asked for together with others, by their chunks."""
    return False
