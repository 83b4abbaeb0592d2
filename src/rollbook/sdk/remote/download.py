"""Fetches blobs from a project of a server: small ones many at once, large ones in ranges, each checked as a whole.

A file appears under its path only when all its bytes were compared with its digest.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any, NamedTuple, cast

from blake3 import blake3

from rollbook.blobs import FrameReader
from rollbook.blobs.codec import decode
from rollbook.blobs.frames import FAILED, LARGE, Frame
from rollbook.blobs.progress import Progress, silent
from rollbook.model.canonical import decode as decode_json
from rollbook.model.digest import Digest
from rollbook.model.errors import CorruptData, InvalidInput, Unavailable
from rollbook.sdk.remote.cache import BlobCache
from rollbook.sdk.remote.client import Client, error_in
from rollbook.sdk.remote.target import Target

LANES = 4
BATCH = 256
RANGE_BYTES = 32 * 1024 * 1024
ATTEMPTS = 6
_BLOCK = 1024 * 1024
_TELL_SECONDS = 0.2


class _Blob(NamedTuple):
    """A blob and the paths that it goes to."""

    digest: Digest
    paths: tuple[Path, ...]


class RemoteFetch:
    """Fetches blobs of one project.

    Args:
        client: The server.
        where: The project's path (`rollbook.sdk.remote.client.project_path`).
        cache: What was fetched before, or None to keep nothing.
        sleep: Waits so many seconds.
    """

    def __init__(
        self, client: Client, where: str, cache: BlobCache | None = None, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._client = client
        self._where = where
        self._cache = cache
        self._sleep = sleep
        self._done: deque[int] = deque()

    def fetch(self, items: Iterable[tuple[Digest, Path]], *, progress: Progress | None = None) -> None:
        """Write blobs to files; see `rollbook.blobs.Blobs.fetch`.

        Raises:
            CorruptData: A blob is damaged on the server; its paths are as they were.
            NotFound: No version of the project holds a blob.
            StorageFull: No room.
            Unavailable: The server cannot be reached.
        """
        tell = progress or silent
        blobs = _by_digest(items)
        with ThreadPoolExecutor(LANES, thread_name_prefix="rollbook-fetch") as threads:
            try:
                left = [blob for blob in blobs if not self._from_cache(blob)]
                batches = [left[start : start + BATCH] for start in range(0, len(left), BATCH)]
                asked = [threads.submit(self._small, batch) for batch in batches]
                self._wait(asked, tell)
                for blob, size in [found for future in asked for found in future.result()]:
                    self._large(threads, blob, size, tell)
            except BaseException:
                threads.shutdown(cancel_futures=True)
                raise
        if self._cache is not None:
            self._cache.shrink()

    def _wait(self, futures: Sequence[Future[Any]], tell: Progress) -> None:
        """Wait until all are done, and tell from the caller's thread how far they are."""
        left = set(futures)
        while left:
            done, left = wait(left, timeout=_TELL_SECONDS)
            tell(sum(self._done.popleft() for _ in range(len(self._done))))
            for future in done:
                future.result()

    def _from_cache(self, blob: _Blob) -> bool:
        if self._cache is None:
            return False
        with Target(blob.paths) as target:
            target.prepare()
            if not self._cache.copy_to(blob.digest, target.temporary):
                return False
            self._done.append(target.temporary.stat().st_size)
            target.keep()
        return True

    def _small(self, batch: Sequence[_Blob]) -> list[tuple[_Blob, int]]:
        """Fetch what is small of some blobs; returns the others with their sizes."""
        left = {blob.digest.raw: blob for blob in batch}
        large: list[tuple[_Blob, int]] = []
        for attempt in range(1, ATTEMPTS + 1):
            try:
                for frame in self._frames(list(left)):
                    blob = left.get(frame.digest)
                    if blob is None:
                        raise CorruptData(f"the server sent blob blake3:{frame.digest.hex()}, which was not asked for")
                    if frame.kind == LARGE:
                        large.append((blob, frame.plain))
                    else:
                        self._write(blob, frame)
                    del left[frame.digest]
                return large
            except Unavailable:
                if attempt == ATTEMPTS:
                    raise
                self._sleep(_pause(attempt))
        return large

    def _frames(self, names: Sequence[bytes]) -> Iterator[Frame]:
        reader = FrameReader()
        with self._client.open("POST", f"{self._where}/blobs/batch", content=b"".join(names)) as answer:
            for block in _blocks(answer.iter_raw()):
                for frame in _read(reader, block):
                    if frame.kind == FAILED:
                        raise error_in(cast("dict[str, Any]", decode_json(bytes(frame.payload))))
                    yield frame
        if not reader.ended:
            raise Unavailable("the server's answer was cut off", hint="try again")

    def _write(self, blob: _Blob, frame: Frame) -> None:
        plain = decode(frame.kind, frame.payload, frame.plain, f"blob {blob.digest} as it was received")
        if blake3(plain).digest() != blob.digest.raw:
            raise CorruptData(f"blob {blob.digest} has other bytes as it was received", hint="try again")
        with Target(blob.paths) as target:
            target.write(plain)
            self._keep(blob, target)
        self._done.append(len(plain))

    def _large(self, threads: ThreadPoolExecutor, blob: _Blob, size: int, tell: Progress) -> None:
        with Target(blob.paths) as target:
            target.write(b"")
            starts = range(0, size, RANGE_BYTES)
            ranges = [(start, min(size, start + RANGE_BYTES)) for start in starts]
            self._wait([threads.submit(self._range, blob.digest, target, *span) for span in ranges], tell)
            if _hash(target.temporary) != blob.digest.raw:
                raise CorruptData(f"blob {blob.digest} has other bytes as it was received", hint="try again")
            self._keep(blob, target)

    def _range(self, digest: Digest, target: Target, start: int, stop: int) -> None:
        """Fetch a range, and go on where it breaks off."""
        attempt = 1
        while start < stop:
            begun = start
            headers = {"Range": f"bytes={start}-{stop - 1}"}
            try:
                with self._client.open("GET", f"{self._where}/blobs/{digest}", headers=headers) as answer:
                    _check_range(answer.headers.get("Content-Range", ""), start, stop)
                    for piece in _blocks(answer.iter_raw()):
                        target.write_at(piece[: stop - start], start)
                        start += len(piece)
                        self._done.append(len(piece))
                if start < stop:
                    raise Unavailable(f"the server's answer was cut off at byte {start:,}", hint="try again")
            except Unavailable:
                attempt = attempt + 1 if start == begun else 2
                if attempt > ATTEMPTS:
                    raise
                self._sleep(_pause(attempt))

    def _keep(self, blob: _Blob, target: Target) -> None:
        target.keep()
        if self._cache is not None:
            self._cache.keep(blob.digest, blob.paths[0])


def _by_digest(items: Iterable[tuple[Digest, Path]]) -> list[_Blob]:
    found: dict[Digest, list[Path]] = {}
    for digest, path in items:
        found.setdefault(digest, []).append(path)
    return [_Blob(digest, tuple(paths)) for digest, paths in found.items()]


def _blocks(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Small pieces in blocks that are worth a step."""
    waiting: list[bytes] = []
    size = 0
    for piece in pieces:
        waiting.append(piece)
        size += len(piece)
        if size >= _BLOCK:
            yield b"".join(waiting)
            waiting, size = [], 0
    if waiting:
        yield b"".join(waiting)


def _read(reader: FrameReader, block: bytes) -> list[Frame]:
    try:
        return reader.feed(block)
    except InvalidInput as error:
        raise Unavailable(f"the server's answer cannot be read: {error.message}", hint=error.hint) from error


def _check_range(said: str, start: int, stop: int) -> None:
    if not said.startswith(f"bytes {start}-{stop - 1}/"):
        raise Unavailable(f"the server sent the range {said!r}, not {start}-{stop - 1}", hint="try again")


def _hash(path: Path) -> bytes:
    whole = blake3()
    whole.update_mmap(path)  # a file of our own: nobody shortens it meanwhile
    return whole.digest()


def _pause(attempt: int) -> float:
    return min(5.0, 0.1 * 2**attempt)
