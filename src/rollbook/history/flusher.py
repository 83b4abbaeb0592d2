"""Making written rows durable within a second, off the training thread."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from rollbook.history.refusals import refusal

DELAY_SECONDS = 0.5
"""How long a written row waits for company before the disk is asked to keep it."""


class Flusher:
    """A thread that calls `fsync` on a file soon after it was written to.

    After a failed `fsync` the kernel may have dropped the data and reports success the next time. So a failure is
    final: it is raised by every later call, and the file is not synchronised again.

    Args:
        descriptor: The open file; it stays the caller's.
        path: How messages name the file.
    """

    def __init__(self, descriptor: int, path: Path) -> None:
        self._descriptor = descriptor
        self._path = path
        self._dirty = False
        self._failure: OSError | None = None
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="rollbook-journal-flusher", daemon=True)
        self._thread.start()

    def touch(self) -> None:
        """Say that the file was written to."""
        if not self._dirty:
            self._dirty = True
            self._wake.set()

    def check(self) -> None:
        """Raise the failure of an earlier `fsync`, if there was one.

        Raises:
            StorageFull: There was no room.
            Unavailable: The disk failed.
        """
        if self._failure is not None:
            raise refusal(self._failure, self._path) from self._failure

    def flush(self) -> None:
        """Return when everything written so far is durable.

        Raises:
            StorageFull: The disk is full.
            Unavailable: The disk failed now or before.
        """
        self.check()
        self._synchronise()
        self.check()

    def stop(self) -> None:
        """End the thread. Does not synchronise."""
        self._stopping.set()
        self._wake.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.wait()
            self._stopping.wait(DELAY_SECONDS)
            self._wake.clear()
            if self._dirty and not self._stopping.is_set():
                self._synchronise()

    def _synchronise(self) -> None:
        # Cleared before the call: a row written during it marks the file again.
        self._dirty = False
        if self._failure is not None:
            return
        try:
            os.fsync(self._descriptor)
        except OSError as error:
            self._failure = error
