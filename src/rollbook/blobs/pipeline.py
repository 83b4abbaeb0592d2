"""Threads that work on large buffers: hashing, compression, reading and writing all release the interpreter lock.

A pool of buffers bounds the memory of a whole pipeline, whatever the size of the files that flow through it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from queue import Empty, Queue, SimpleQueue
from threading import Event, Thread
from typing import Generic, TypeVar

Item = TypeVar("Item")

_CLOSED = object()


class PoolClosed(Exception):
    """The pipeline is being torn down. A signal between threads of this room, never seen outside."""


class BufferPool:
    """A fixed number of reusable buffers, made when first needed.

    Args:
        count: How many.
        size: Bytes of each.
    """

    def __init__(self, count: int, size: int) -> None:
        self._size = size
        self._unmade = count
        self._free: SimpleQueue[memoryview | None] = SimpleQueue()

    def take(self) -> memoryview:
        """Wait for a buffer. One thread takes, any thread may give.

        Raises:
            PoolClosed: `close` was called.
        """
        if self._unmade and self._free.empty():
            self._unmade -= 1
            return memoryview(bytearray(self._size))
        buffer = self._free.get()
        if buffer is None:
            raise PoolClosed
        return buffer

    def give(self, buffer: memoryview) -> None:
        """Return a buffer."""
        self._free.put(buffer)

    def close(self) -> None:
        """Wake up whoever waits in `take`."""
        self._free.put(None)


class Prefetch(Generic[Item]):
    """Runs an iterator in a thread of its own, a few items ahead. Use as a context manager, iterate once.

    Args:
        items: The iterator. It must not block for ever: see `stop`.
        depth: How many items to hold ready.
        stop: Called on leaving early, to wake the iterator up where it waits.
    """

    def __init__(self, items: Iterator[Item], *, depth: int, stop: Callable[[], None] = lambda: None) -> None:
        self._items = items
        self._ready: Queue[object] = Queue(depth)
        self._stop = stop
        self._stopped = Event()
        self._error: BaseException | None = None
        self._thread = Thread(target=self._run, name="rollbook-read", daemon=True)

    def __enter__(self) -> Iterator[Item]:
        self._thread.start()
        return self._iterate()

    def __exit__(self, *_: object) -> None:
        if self._thread.is_alive():
            self._stopped.set()
            self._stop()
            while self._thread.is_alive():
                self._drain()
                self._thread.join(0.01)

    def _iterate(self) -> Iterator[Item]:
        while (item := self._ready.get()) is not _CLOSED:
            yield item  # pyright: ignore[reportReturnType] - everything but the mark came from the iterator
        self._thread.join()
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            for item in self._items:
                if self._stopped.is_set():
                    return
                self._ready.put(item)
        except BaseException as error:  # noqa: BLE001 - carried to the consuming thread
            self._error = error
        finally:
            self._ready.put(_CLOSED)

    def _drain(self) -> None:
        try:
            while True:
                self._ready.get_nowait()
        except Empty:
            return


class Background:
    """One thread that does jobs in order. After the first failure it does no more, but still runs their `after`.

    Args:
        name: Of the thread.
        depth: How many jobs may wait.
    """

    def __init__(self, name: str, depth: int) -> None:
        self._jobs: Queue[tuple[Callable[[], None], Callable[[], None]] | None] = Queue(depth)
        self._thread = Thread(target=self._run, name=name, daemon=True)
        self._error: BaseException | None = None

    def submit(self, job: Callable[[], None], after: Callable[[], None] = lambda: None) -> None:
        """Queue a job; `after` runs whether the job succeeded, failed or was skipped.

        Raises:
            RollbookError: An earlier job failed with it.
        """
        if self._error is not None:
            after()
            raise self._error
        if self._thread.ident is None:
            self._thread.start()
        self._jobs.put((job, after))

    def flush(self) -> None:
        """Wait until all jobs are done.

        Raises:
            RollbookError: One of them failed with it.
        """
        if self._thread.ident is not None:
            done = Event()
            self._jobs.put((lambda: None, done.set))
            done.wait()
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """Skip what waits, and end the thread."""
        self._error = self._error or InterruptedError("stopped")
        if self._thread.ident is not None and self._thread.is_alive():
            self._jobs.put(None)
            self._thread.join()

    def _run(self) -> None:
        while (entry := self._jobs.get()) is not None:
            job, after = entry
            try:
                if self._error is None:
                    job()
            except BaseException as error:  # noqa: BLE001 - carried to the submitting thread
                self._error = error
            finally:
                after()
