"""Writes blobs to files: temporary file beside the target -> all bytes checked -> rename.

No fsync: what is fetched is a copy.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Self

from blake3 import blake3

from rollbook.blobs.assemble import assemble
from rollbook.blobs.files import write_fully
from rollbook.blobs.kinds import MOST_CHUNK_BYTES
from rollbook.blobs.oserrors import write_error
from rollbook.blobs.pipeline import Background, BufferPool, Prefetch
from rollbook.blobs.progress import Progress, silent
from rollbook.blobs.reading import Reader, View
from rollbook.blobs.store import Buffer, ObjectStore
from rollbook.model.digest import Digest
from rollbook.model.errors import CorruptData, NotFound

_SMALL = 1024 * 1024
# Small enough to stay in the processor's cache between reading, hashing and writing.
_WINDOW = 1024 * 1024
_BUFFERS = 6
_LANES = 2
_WAITING = 32


class Fetcher:
    """Fetches blobs of one store, small ones side by side, large ones in a pipeline of their own.

    Args:
        store: Where packs lie.
        reader: Reads from it.
        progress: Called with the number of bytes written since the last call.
        token: Gives unguessable names for temporary files.
    """

    def __init__(
        self,
        store: ObjectStore,
        reader: Reader,
        progress: Progress | None,
        token: Callable[[], str] = lambda: os.urandom(8).hex(),
    ) -> None:
        self._store = store
        self._reader = reader
        self._progress = progress or silent
        self._token = token
        self._done: deque[int] = deque()
        self._pool = BufferPool(_BUFFERS, MOST_CHUNK_BYTES)

    def fetch(self, items: Iterable[tuple[Digest, Path]]) -> None:
        """Write each blob to its path, replacing what is there.

        Raises:
            NotFound: A blob is not in the store.
            CorruptData: A blob is damaged; its path is left as it was.
            StorageFull: No room beside the target.
        """
        lanes = [Background(f"rollbook-fetch-{number}", _WAITING) for number in range(_LANES)]
        turn = cycle(lanes)
        try:
            for digest, path in items:
                view = self._reader.open(digest)
                if view.size > _SMALL:
                    self._large(view, path)
                else:
                    next(turn).submit(partial(self._small, view, path))
                self._tell()
            for lane in lanes:
                lane.flush()
            self._tell()
        finally:
            for lane in lanes:
                lane.stop()

    def _tell(self) -> None:
        """Report from the caller's thread what the others have done."""
        done = 0
        while self._done:
            done += self._done.popleft()
        if done:
            self._progress(done)

    def _small(self, view: View, path: Path) -> None:
        pieces = list(view.pieces(0, view.size))
        whole = blake3()
        for piece in pieces:
            whole.update(piece)
        _require(whole.digest(), view)
        with _Target(path, self._token()) as target:
            target.write(pieces)
            target.keep()
        self._done.append(view.size)

    def _large(self, view: View, path: Path) -> None:
        try:
            self._write_large(view, path)
        except NotFound:
            self._write_large(self._reader.reopen(view.digest), path)

    def _write_large(self, view: View, path: Path) -> None:
        with _Target(path, self._token()) as target:
            if self._pour(view, target) != view.digest.raw:
                self._name_culprit(view)
            target.keep()
        self._done.append(view.size)

    def _pour(self, view: View, target: _Target) -> bytes:
        """Write all bytes, and return the digest of what was written."""
        whole = blake3()
        writes = Background("rollbook-fetch-write", _BUFFERS)
        pool = self._pool
        try:
            with Prefetch(assemble(self._store, view, pool, _WINDOW), depth=2, stop=pool.close) as ready:
                for filled in ready:
                    piece = filled.buffer[: filled.size]
                    writes.submit(partial(target.write, [piece]))
                    whole.update(piece)
                    writes.submit(_nothing, partial(pool.give, filled.buffer))
            writes.flush()
        except BaseException:
            self._pool = BufferPool(_BUFFERS, MOST_CHUNK_BYTES)
            raise
        finally:
            writes.stop()
        return whole.digest()

    def _name_culprit(self, view: View) -> None:
        """Read chunk by chunk, which names the damaged one; a blob whose chunks are all right has a wrong recipe."""
        for _ in view.pieces(0, view.size):
            pass
        raise CorruptData(f"blob {view.digest} is damaged: its chunks do not make up its bytes")


class _Target:
    """A file that appears under its path only when it is kept."""

    def __init__(self, path: Path, token: str) -> None:
        self._path = path
        self._temporary = path.with_name(f".{path.name[:100]}.{token}.part")

    def __enter__(self) -> Self:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
            self._descriptor = os.open(self._temporary, flags, 0o666)
        except OSError as error:
            raise write_error(error, str(self._path.parent)) from error
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)
        self._temporary.unlink(missing_ok=True)

    def write(self, pieces: Iterable[Buffer]) -> None:
        try:
            write_fully(self._descriptor, pieces)
        except OSError as error:
            raise write_error(error, str(self._path.parent)) from error

    def keep(self) -> None:
        try:
            self._temporary.replace(self._path)
        except OSError as error:
            raise write_error(error, str(self._path.parent)) from error


def _require(found: bytes, view: View) -> None:
    if found != view.digest.raw:
        raise CorruptData(f"blob {view.digest} is damaged: its chunks do not make up its bytes")


def _nothing() -> None:
    """A job whose only purpose is what runs after it."""
