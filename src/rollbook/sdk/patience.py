"""A run's log that outlives a full disk: rows wait in memory, in order, until they can be written again."""

from __future__ import annotations

import warnings
from collections import deque
from collections.abc import Mapping
from typing import Any

from rollbook.model.errors import Unavailable
from rollbook.sdk.transport import RunLog

MAX_WAITING = 100_000


class PatientLog:
    """Appends to a log; where the log cannot take a row now, says so once and tries again with every next row.

    A full disk must not end a training of many hours. A waiting row is lost if the process dies before there is room;
    the warning says that. Input that can never be logged is refused at once.

    Attributes:
        written: How many rows the log has taken.
    """

    def __init__(self, log: RunLog) -> None:
        self.written = 0
        self._log = log
        self._waiting: deque[tuple[dict[str, Any], int, int]] = deque()

    def append(self, values: Mapping[str, Any], *, time_us: int, step: int) -> int:
        """Accept one row and return its step.

        Raises:
            InvalidInput: The row cannot be recorded.
            StorageFull: More rows wait than memory should hold.
        """
        if not self._waiting:
            try:
                return self._write(values, time_us, step)
            except Unavailable as error:
                _warn(error)
        elif len(self._waiting) >= MAX_WAITING:
            self._drain()
        self._waiting.append((dict(values), time_us, step))
        self._try_to_drain()
        return step

    def close(self) -> None:
        """Write what waits and let go.

        Raises:
            StorageFull: There still is no room; the rows that waited are lost.
        """
        try:
            self._drain()
        finally:
            self._log.close()

    def _write(self, values: Mapping[str, Any], time_us: int, step: int) -> int:
        taken = self._log.append(values, time_us=time_us, step=step)
        self.written += 1
        return taken

    def _try_to_drain(self) -> None:
        try:
            self._drain()
        except Unavailable:
            return

    def _drain(self) -> None:
        while self._waiting:
            values, time_us, step = self._waiting.popleft()
            try:
                self._write(values, time_us, step)
            except Unavailable:
                self._waiting.appendleft((values, time_us, step))
                raise


def _warn(error: Unavailable) -> None:
    message = f"rows of this run wait in memory, and are lost if the process dies: {error.message}"
    warnings.warn(message, RuntimeWarning, stacklevel=4)
