"""Reading ahead, for stores where every request takes tens of milliseconds.

Whoever reads chunks that lie behind one another in a pack asks for a few hundred kilobytes at a time. The first read of
an object fetches exactly that; a read that goes on near where one ended fetches blocks of `BLOCK_BYTES`, the next one
ahead of time. So a scattered read costs what it asks for, and a long one runs at the speed of the line. Objects are
immutable, so a block that was fetched stays true.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from threading import Lock

from rollbook.blobs.store import ObjectStore, ObjectWriter

BLOCK_BYTES = 4 * 1024 * 1024
_BLOCKS_KEPT = 16
_THREADS = 4
_GAP_BYTES = 1024 * 1024
"""Bytes that may be skipped and still be read along: cheaper than another request."""
_ENDS_KEPT = 64

_Block = tuple[str, int]


class ReadAhead:
    """A store that fetches the next bytes of an object while the last are being used.

    Args:
        inner: The store.
        block: Bytes to fetch at once.
    """

    def __init__(self, inner: ObjectStore, *, block: int = BLOCK_BYTES) -> None:
        self._inner = inner
        self._block = block
        self._lock = Lock()
        self._blocks: OrderedDict[_Block, Future[memoryview]] = OrderedDict()
        self._ends: deque[tuple[str, int]] = deque(maxlen=_ENDS_KEPT)
        self._threads: ThreadPoolExecutor | None = None

    def create(self) -> ObjectWriter:
        """See `ObjectStore.create`."""
        return self._inner.create()

    def read_into(self, name: str, offset: int, buffer: memoryview) -> int:
        """See `ObjectStore.read_into`."""
        goes_on = self._goes_on(name, offset, offset + len(buffer))
        if not goes_on or not len(buffer) or len(buffer) > self._block:
            return self._inner.read_into(name, offset, buffer)
        first, last = offset // self._block, (offset + len(buffer) - 1) // self._block
        filled = 0
        for number in range(first, last + 1):
            piece = self._get(name, number)
            start = offset + filled - number * self._block
            got = piece[start : start + len(buffer) - filled]
            buffer[filled : filled + len(got)] = got
            filled += len(got)
            if len(piece) < self._block:
                return filled
        self._begin(name, last + 1)
        return filled

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
        with self._lock:
            for block in [block for block in self._blocks if block[0] == name]:
                del self._blocks[block]

    def close(self) -> None:
        """See `ObjectStore.close`."""
        with self._lock:
            threads, self._threads = self._threads, None
            self._blocks.clear()
        if threads is not None:
            threads.shutdown(wait=True, cancel_futures=True)
        self._inner.close()

    def _goes_on(self, name: str, offset: int, end: int) -> bool:
        """Whether an earlier read of the object ended here or a little before; remembers where this one ends."""
        with self._lock:
            near = next((one for one in self._ends if one[0] == name and 0 <= offset - one[1] <= _GAP_BYTES), None)
            if near is not None:
                self._ends.remove(near)
            self._ends.append((name, end))
            return near is not None

    def _get(self, name: str, number: int) -> memoryview:
        wanted = self._begin(name, number)
        try:
            return wanted.result()
        except CancelledError:  # another thread closed the store
            return self._fetch(name, number)
        except BaseException:
            with self._lock:
                if self._blocks.get((name, number)) is wanted:
                    del self._blocks[name, number]
            raise

    def _begin(self, name: str, number: int) -> Future[memoryview]:
        """Have a block fetched, unless it is already on its way or there."""
        with self._lock:
            known = self._blocks.get((name, number))
            if known is not None:
                self._blocks.move_to_end((name, number))
                return known
            self._threads = self._threads or ThreadPoolExecutor(_THREADS, "rollbook-ahead")
            begun = self._threads.submit(self._fetch, name, number)
            self._blocks[name, number] = begun
            while len(self._blocks) > _BLOCKS_KEPT:
                self._blocks.popitem(last=False)
            return begun

    def _fetch(self, name: str, number: int) -> memoryview:
        buffer = memoryview(bytearray(self._block))
        return buffer[: self._inner.read_into(name, number * self._block, buffer)]
