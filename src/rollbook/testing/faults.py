"""A store that fails on request: fault sets for tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Literal

import msgspec

from rollbook.blobs.store import Buffer, ObjectStore, ObjectWriter
from rollbook.model.errors import RollbookError, Unavailable

Method = Literal["create", "write", "publish", "read_into", "size", "list", "settle", "delete"]
When = Literal["before", "after"]


class Fault(msgspec.Struct, frozen=True):
    """One planned failure.

    Attributes:
        method: The call that fails.
        nth: Which of its calls, counted from 1.
        when: `before`: nothing has happened. `after`: it has happened, but the answer is lost.
        times: How many calls in a row fail.
    """

    method: Method
    nth: int = 1
    when: When = "before"
    times: int = 1

    def hits(self, count: int) -> bool:
        """Whether the `count`-th call of the method fails."""
        return self.nth <= count < self.nth + self.times


class FaultyStore:
    """Wraps a store and lets planned calls fail.

    Args:
        inner: The store.
        faults: What fails.
        error: Makes the error to raise.

    Attributes:
        calls: How often each method was called.
    """

    def __init__(
        self,
        inner: ObjectStore,
        *faults: Fault,
        error: Callable[[], RollbookError] = lambda: Unavailable("injected fault"),
    ) -> None:
        self._inner = inner
        self._faults = faults
        self._error = error
        self.calls: dict[Method, int] = {}

    def create(self) -> ObjectWriter:
        """See `ObjectStore.create`."""
        with self.around("create"):
            return _FaultyWriter(self, self._inner.create())

    def read_into(self, name: str, offset: int, buffer: memoryview) -> int:
        """See `ObjectStore.read_into`."""
        with self.around("read_into"):
            return self._inner.read_into(name, offset, buffer)

    def size(self, name: str) -> int | None:
        """See `ObjectStore.size`."""
        with self.around("size"):
            return self._inner.size(name)

    def list(self, prefix: str) -> Iterator[str]:
        """See `ObjectStore.list`."""
        with self.around("list"):
            return iter(tuple(self._inner.list(prefix)))

    def settle(self, names: Sequence[str]) -> None:
        """See `ObjectStore.settle`."""
        with self.around("settle"):
            self._inner.settle(names)

    def delete(self, name: str) -> None:
        """See `ObjectStore.delete`."""
        with self.around("delete"):
            self._inner.delete(name)

    def close(self) -> None:
        """See `ObjectStore.close`."""
        self._inner.close()

    def around(self, method: Method) -> _Around:
        """Count a call, and fail before or after it where that is planned."""
        count = self.calls[method] = self.calls.get(method, 0) + 1
        hit: set[When] = {fault.when for fault in self._faults if fault.method == method and fault.hits(count)}
        return _Around(self._error, hit)


class _Around:
    def __init__(self, error: Callable[[], RollbookError], hit: set[When]) -> None:
        self._error = error
        self._hit = hit

    def __enter__(self) -> None:
        if "before" in self._hit:
            raise self._error()

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None and "after" in self._hit:
            raise self._error()


class _FaultyWriter:
    def __init__(self, store: FaultyStore, inner: ObjectWriter) -> None:
        self._store = store
        self._inner = inner

    def write(self, pieces: Sequence[Buffer]) -> None:
        with self._store.around("write"):
            self._inner.write(pieces)

    def publish(self, name: str) -> None:
        with self._store.around("publish"):
            self._inner.publish(name)

    def discard(self) -> None:
        self._inner.discard()
