"""Wrappers: stores around a store."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from blake3 import blake3

from rollbook.blobs.store import Buffer, ObjectStore, ObjectWriter
from rollbook.model.errors import CorruptData, StorageFull, Unavailable

Result = TypeVar("Result")

_BLOCK = 4 * 1024 * 1024


class RetryingStore:
    """Repeats what failed with `Unavailable`. A full disk is not repeated, nor is a write: its bytes are gone.

    Publishing may be repeated although the first answer was lost: an object of the name that already stands is kept.

    Args:
        inner: The store.
        sleep: Waits for a number of seconds.
        attempts: How often to try in all.
        first_wait: Seconds before the second attempt; doubled each time.
    """

    def __init__(
        self, inner: ObjectStore, sleep: Callable[[float], None], *, attempts: int = 4, first_wait: float = 0.05
    ) -> None:
        self._inner = inner
        self._sleep = sleep
        self._attempts = attempts
        self._first_wait = first_wait

    def create(self) -> ObjectWriter:
        """See `ObjectStore.create`."""
        return _RetryingWriter(self, self.again(self._inner.create))

    def read_into(self, name: str, offset: int, buffer: memoryview) -> int:
        """See `ObjectStore.read_into`."""
        return self.again(lambda: self._inner.read_into(name, offset, buffer))

    def size(self, name: str) -> int | None:
        """See `ObjectStore.size`."""
        return self.again(lambda: self._inner.size(name))

    def list(self, prefix: str) -> Iterator[str]:
        """See `ObjectStore.list`."""
        return iter(self.again(lambda: tuple(self._inner.list(prefix))))

    def settle(self, names: Sequence[str]) -> None:
        """See `ObjectStore.settle`."""
        self.again(lambda: self._inner.settle(names))

    def delete(self, name: str) -> None:
        """See `ObjectStore.delete`."""
        self.again(lambda: self._inner.delete(name))

    def close(self) -> None:
        """See `ObjectStore.close`."""
        self._inner.close()

    def again(self, call: Callable[[], Result]) -> Result:
        """Do it until it works, as often as allowed.

        Raises:
            Unavailable: The last attempt failed too.
        """
        for attempt in range(self._attempts - 1):
            try:
                return call()
            except StorageFull:
                raise
            except Unavailable:
                self._sleep(self._first_wait * 2**attempt)
        return call()


class _RetryingWriter:
    def __init__(self, store: RetryingStore, inner: ObjectWriter) -> None:
        self._store = store
        self._inner = inner

    def write(self, pieces: Sequence[Buffer]) -> None:
        self._inner.write(pieces)

    def publish(self, name: str) -> None:
        self._store.again(lambda: self._inner.publish(name))

    def discard(self) -> None:
        self._inner.discard()


class VerifyingStore:
    """Reads each object back after it was published and compares: for stores that may lie, such as a network's.

    Args:
        inner: The store.
    """

    def __init__(self, inner: ObjectStore) -> None:
        self._inner = inner

    def create(self) -> ObjectWriter:
        """See `ObjectStore.create`."""
        return _VerifyingWriter(self._inner)

    def read_into(self, name: str, offset: int, buffer: memoryview) -> int:
        """See `ObjectStore.read_into`."""
        return self._inner.read_into(name, offset, buffer)

    def size(self, name: str) -> int | None:
        """See `ObjectStore.size`."""
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

    def close(self) -> None:
        """See `ObjectStore.close`."""
        self._inner.close()


class _VerifyingWriter:
    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._inner = store.create()
        self._digest = blake3()
        self._size = 0

    def write(self, pieces: Sequence[Buffer]) -> None:
        self._inner.write(pieces)
        for piece in pieces:
            self._digest.update(piece)
            self._size += len(piece)

    def publish(self, name: str) -> None:
        self._inner.publish(name)
        if self._store.size(name) != self._size or _digest_of(self._store, name) != self._digest.digest():
            raise CorruptData(f"object {name} reads back differently from what was written", hint="check the store")

    def discard(self) -> None:
        self._inner.discard()


def _digest_of(store: ObjectStore, name: str) -> bytes:
    digest = blake3()
    offset = 0
    buffer = memoryview(bytearray(_BLOCK))
    while got := store.read_into(name, offset, buffer):
        digest.update(buffer[:got])
        offset += got
    return digest.digest()
