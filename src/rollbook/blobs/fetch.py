"""Writes blobs to files: temporary file beside the target -> all bytes checked -> rename.

No fsync: what is fetched is a copy. Paths are texts here: for 20,000 small files `pathlib` took longer than the disk.
"""

# ruff: noqa: PTH103, PTH105, PTH119, PTH120

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import count
from pathlib import Path
from typing import Self, TypeAlias

from blake3 import blake3

from rollbook.blobs.assemble import assemble, fill
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
_WAITING = 4
_FILES = 128

_Bundle: TypeAlias = list[tuple[View, str]]


class Fetcher:
    """Fetches blobs of one store, small ones side by side, large ones in a pipeline of their own.

    Args:
        store: Where packs lie.
        reader: Reads from it.
        progress: Called with the number of bytes written since the last call.
        token: Gives an unguessable beginning of the names of temporary files.
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
        self._token = token()
        self._count = count()
        self._folders = set[str]()
        self._done: deque[int] = deque()
        self._pool = BufferPool(_BUFFERS, MOST_CHUNK_BYTES)

    def fetch(self, items: Iterable[tuple[Digest, Path]]) -> None:
        """Write each blob to its path, replacing what is there.

        Raises:
            NotFound: A blob is not in the store.
            CorruptData: A blob is damaged; its path is left as it was.
            StorageFull: No room beside the target.
        """
        wanted = list(items)
        views = self._reader.open_many([digest for digest, _ in wanted])
        paths = [os.fspath(path) for _, path in wanted]
        lanes = [Background(f"rollbook-fetch-{number}", _WAITING) for number in range(_LANES)]
        try:
            for turn, bundle in _bundles(zip(views, paths, strict=True)):
                if bundle[0][0].size > _SMALL:
                    self._large(*bundle[0])
                else:
                    lanes[turn % _LANES].submit(partial(self._small, bundle))
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

    def _small(self, bundle: _Bundle) -> None:
        views = [view for view, _ in bundle]
        for (view, path), data in zip(bundle, self._contents(views), strict=True):
            with self._target(path) as target:
                target.write([data])
                target.keep()
            self._done.append(view.size)

    def _contents(self, views: list[View]) -> Iterator[Buffer]:
        """The checked bytes of each blob, read together. What is damaged is read again by itself."""
        buffer = memoryview(bytearray(sum(view.size for view in views)))
        try:
            fill(self._store, [part for view in views for part in view.parts(0, view.size)], buffer)
        except (CorruptData, NotFound):
            yield from map(_read_alone, views)
            return
        for view in views:
            data, buffer = buffer[: view.size], buffer[view.size :]
            yield data if blake3(data).digest() == view.digest.raw else _read_alone(view)

    def _target(self, path: str) -> _Target:
        folder = os.path.dirname(path) or "."
        try:
            if folder not in self._folders:
                os.makedirs(folder, exist_ok=True)
                self._folders.add(folder)
        except OSError as error:
            raise write_error(error, folder) from error
        return _Target(folder, os.path.basename(path), f"{self._token}{next(self._count)}")

    def _large(self, view: View, path: str) -> None:
        try:
            self._write_large(view, path)
        except NotFound:
            self._write_large(self._reader.reopen(view.digest), path)

    def _write_large(self, view: View, path: str) -> None:
        with self._target(path) as target:
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
    """A file that appears under its name only when it is kept."""

    def __init__(self, folder: str, name: str, token: str) -> None:
        self._folder = folder
        self._path = f"{folder}/{name}"
        self._temporary = f"{folder}/.{name[:50]}.{token}.part"
        self._kept = False

    def __enter__(self) -> Self:
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
            self._descriptor = os.open(self._temporary, flags, 0o666)
        except OSError as error:
            raise write_error(error, self._folder) from error
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)
        if not self._kept:
            Path(self._temporary).unlink(missing_ok=True)

    def write(self, pieces: Iterable[Buffer]) -> None:
        try:
            write_fully(self._descriptor, pieces)
        except OSError as error:
            raise write_error(error, self._folder) from error

    def keep(self) -> None:
        try:
            os.replace(self._temporary, self._path)
        except OSError as error:
            raise write_error(error, self._folder) from error
        self._kept = True


def _bundles(items: Iterable[tuple[View, str]]) -> Iterator[tuple[int, _Bundle]]:
    """Small files of one folder together, large ones alone; with the number of the folder.

    Two threads that make files in one folder wait for each other, so the small files of a folder go to the same one.
    """
    bundle: _Bundle = []
    size = number = 0
    for view, path in items:
        same = bool(bundle) and os.path.dirname(bundle[-1][1]) == os.path.dirname(path)
        if bundle and (not same or size + view.size > _SMALL or len(bundle) == _FILES):
            yield number, bundle
            bundle, size = [], 0
        number += not same
        bundle.append((view, path))
        size += view.size
    if bundle:
        yield number, bundle


def _read_alone(view: View) -> bytes:
    """A blob, chunk by chunk: tries other copies, and names the chunk that is damaged."""
    data = b"".join(view.pieces(0, view.size))
    if blake3(data).digest() != view.digest.raw:
        raise CorruptData(f"blob {view.digest} is damaged: its chunks do not make up its bytes")
    return data


def _nothing() -> None:
    """A job whose only purpose is what runs after it."""
