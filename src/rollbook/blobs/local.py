"""A store in a local folder, crash-safe.

Publish order (invariant 8): temporary file in the same file system -> write -> fsync(file) -> link to the final name,
which never replaces -> unlink the temporary name -> fsync(folder), and fsync of every folder above it that may be
new. A failed fsync is never repeated on the same descriptor: the kernel may have dropped the pages and would call the
second one a success.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from rollbook.blobs.descriptors import Descriptors
from rollbook.blobs.files import fsync_folder, make_durable, read_fully, scan, walk, write_fully
from rollbook.blobs.oserrors import read_error, write_error
from rollbook.blobs.store import Buffer, ObjectWriter, check_name
from rollbook.model.errors import CorruptData, Unavailable

_TEMPORARY = "tmp"
_SUFFIX = ".part"
_GRACE_SECONDS = 24 * 3600
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW


class LocalStore:
    """Objects as files below `root` (mode 0600 in folders of mode 0700).

    Args:
        root: The folder; made when first written to.
        token: Gives unguessable names for temporary files.

    A copy of this value in a forked child must not be used while the parent still writes through it.
    """

    def __init__(self, root: Path, *, token: Callable[[], str] = lambda: os.urandom(16).hex()) -> None:
        self.root = root
        self._token = token
        self._files = Descriptors()
        self._settled: set[Path] = set()

    def create(self) -> ObjectWriter:
        """See `ObjectStore.create`.

        Raises:
            StorageFull: No room, or the folder is not writable.
            Unavailable: The device failed.
        """
        return _LocalWriter(self, self._token())

    def read_into(self, name: str, offset: int, buffer: memoryview) -> int:
        """See `ObjectStore.read_into`."""
        try:
            with self._files.borrow(name, self.path) as descriptor:
                return read_fully(descriptor, offset, buffer)
        except OSError as error:
            raise read_error(error, name) from error

    def size(self, name: str) -> int | None:
        """See `ObjectStore.size`."""
        try:
            found = self.path(name).lstat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise read_error(error, name) from error
        if not stat.S_ISREG(found.st_mode):
            raise read_error(OSError(errno.ELOOP, ""), name)
        return found.st_size

    def list(self, prefix: str) -> Iterator[str]:
        """See `ObjectStore.list`."""
        folder, _, start = prefix.rpartition("/")
        try:
            yield from walk(self.root / folder, f"{folder}/" if folder else "", start)
        except OSError as error:
            raise read_error(error, prefix) from error

    def settle(self, names: Sequence[str]) -> None:
        """See `ObjectStore.settle`: fsync of each folder that holds one of the names, and of those above."""
        try:
            for folder in {self.path(name).parent for name in names}:
                fsync_folder(folder)
                self.settle_above(folder)
        except OSError as error:
            raise write_error(error, str(self.root)) from error

    def delete(self, name: str) -> None:
        """See `ObjectStore.delete`."""
        self._files.forget(name)
        try:
            self.path(name).unlink(missing_ok=True)
        except OSError as error:
            raise write_error(error, str(self.root)) from error

    def close(self) -> None:
        """See `ObjectStore.close`."""
        self._files.forget_all()

    def reap(self, now: float) -> int:
        """Remove temporary files that no living writer can still need, and return how many.

        Args:
            now: Seconds since 1970, from the caller's clock. Files younger than 24 hours stay.
        """
        removed = 0
        try:
            for entry in scan(self.root / _TEMPORARY):
                if entry.name.endswith(_SUFFIX) and now - entry.stat(follow_symlinks=False).st_mtime > _GRACE_SECONDS:
                    Path(entry.path).unlink()
                    removed += 1
        except FileNotFoundError:
            return removed
        except OSError as error:
            raise write_error(error, str(self.root)) from error
        return removed

    def path(self, name: str) -> Path:
        """Where the object of that name lies."""
        return self.root.joinpath(*check_name(name).split("/"))

    def temporary(self, token: str) -> Path:
        """Where an unnamed object is written; makes the folder."""
        folder = self.root / _TEMPORARY
        if not folder.is_dir():
            make_durable(self.root)
            folder.mkdir(mode=0o700, exist_ok=True)
        return folder / f"{token}{_SUFFIX}"

    def settle_above(self, folder: Path) -> None:
        """Fsync the folders above `folder` up to the one that holds the root, once per store.

        A folder that exists may have been made a moment ago by another process that has not yet synced it, so existence
        proves nothing.
        """
        while folder != self.root and folder not in self._settled:
            fsync_folder(folder.parent)
            self._settled.add(folder)
            folder = folder.parent


class _LocalWriter:
    def __init__(self, store: LocalStore, token: str) -> None:
        self._store = store
        self._root = str(store.root)
        self._size = 0
        self._published = False
        try:
            self._path: Path = store.temporary(token)
            self._descriptor: int | None = os.open(self._path, _CREATE, 0o600)
        except OSError as error:
            raise write_error(error, self._root) from error

    def write(self, pieces: Sequence[Buffer]) -> None:
        descriptor = self._open()
        try:
            self._size += write_fully(descriptor, pieces)
        except OSError as error:
            self.discard()
            raise write_error(error, self._root) from error

    def publish(self, name: str) -> None:
        if self._published:
            return
        descriptor = self._open()
        final = self._store.path(name)
        try:
            os.fsync(descriptor)
            self._link(final)
            self.discard()
            fsync_folder(final.parent)
            self._store.settle_above(final.parent)
            self._published = True
        except OSError as error:
            raise write_error(error, self._root) from error
        finally:
            self.discard()

    def discard(self) -> None:
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is None:
            return
        for step in (lambda: os.close(descriptor), self._path.unlink):
            try:
                step()
            except OSError:
                continue  # a stray temporary file is reaped later; the error that led here matters more

    def _open(self) -> int:
        if self._descriptor is None:
            raise Unavailable(
                "this object was already published, discarded or failed", hint="write it again from the start"
            )
        return self._descriptor

    def _link(self, final: Path) -> None:
        make_durable(final.parent)
        try:
            os.link(self._path, final, follow_symlinks=False)
        except FileExistsError:
            existing = final.lstat()
            if not stat.S_ISREG(existing.st_mode) or existing.st_size != self._size:
                raise CorruptData(
                    f"{final} exists and is not the object of {self._size} bytes that belongs there",
                    hint="run `rollbook verify`; move the damaged file away, then log the same content again",
                ) from None
