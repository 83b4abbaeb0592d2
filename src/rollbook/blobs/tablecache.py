"""A local copy of index tables, for stores that are far away: starting fetches only what is new.

Tables are named by BLAKE3 of their bytes, so a copy is checked against its own name once per process, and one that is
damaged is fetched again. The folder may be deleted at any time. Packs are not kept here.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock

from blake3 import blake3

from rollbook.blobs.names import is_merged, parse_pack
from rollbook.blobs.store import Buffer, ObjectStore, ObjectWriter, read_exact

_SUFFIX = ".idx"


class TableCache:
    """A store whose index tables are read from a local folder.

    Args:
        inner: The store.
        folder: Where copies lie; made when first needed.
        token: Gives unguessable names for files on their way in.
    """

    def __init__(
        self, inner: ObjectStore, folder: Path, *, token: Callable[[], str] = lambda: os.urandom(8).hex()
    ) -> None:
        self._inner = inner
        self._folder = folder
        self._token = token
        self._checked: set[str] = set()
        self._lock = Lock()

    def create(self) -> ObjectWriter:
        """See `ObjectStore.create`."""
        return self._inner.create()

    def read_into(self, name: str, offset: int, buffer: memoryview) -> int:
        """See `ObjectStore.read_into`."""
        path = self._copy(name)
        if path is not None:
            with suppress(OSError), path.open("rb") as file:
                file.seek(offset)
                return file.readinto(buffer)
        return self._inner.read_into(name, offset, buffer)

    def size(self, name: str) -> int | None:
        """See `ObjectStore.size`."""
        path = self._copy(name)
        if path is not None:
            with suppress(OSError):
                return path.stat().st_size
        return self._inner.size(name)

    def list(self, prefix: str) -> Iterator[str]:
        """See `ObjectStore.list`."""
        return self._inner.list(prefix)

    def settle(self, names: Sequence[str]) -> None:
        """See `ObjectStore.settle`."""
        self._inner.settle(names)

    def delete(self, name: str) -> None:
        """See `ObjectStore.delete`."""
        self._inner.delete(name)
        if _names_itself(name):
            with self._lock, suppress(OSError):
                self._checked.discard(name)
                self._path(name).unlink(missing_ok=True)

    def close(self) -> None:
        """See `ObjectStore.close`."""
        self._inner.close()

    def _copy(self, name: str) -> Path | None:
        """The copy of a table, fetched where it is not there; None for other objects, and where none can be kept."""
        if not _names_itself(name):
            return None
        path = self._path(name)
        with self._lock:
            if name in self._checked:
                return path
        if not _is_right(path, name) and not self._fetch(name, path):
            return None
        with self._lock:
            self._checked.add(name)
        return path

    def _fetch(self, name: str, path: Path) -> bool:
        size = self._inner.size(name)
        if size is None:
            return False
        data: Buffer = read_exact(self._inner, name, 0, size)
        if not _fits(data, name):
            return False  # whoever asks sees the damage, and deals with it
        temporary = path.with_name(f"{path.name}.{self._token()}")
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            temporary.write_bytes(data)
            temporary.replace(path)
        except OSError:
            with suppress(OSError):
                temporary.unlink()
            return False  # a full disk makes it slow, not wrong
        return True

    def _path(self, name: str) -> Path:
        return self._folder / name.rpartition("/")[2]


def _names_itself(name: str) -> bool:
    return name.endswith(_SUFFIX) and (is_merged(name) or parse_pack(name) is not None)


def _is_right(path: Path, name: str) -> bool:
    try:
        return _fits(path.read_bytes(), name)
    except OSError:
        return False


def _fits(data: Buffer, name: str) -> bool:
    return blake3(data).hexdigest() == name.rpartition("/")[2].removesuffix(_SUFFIX)
