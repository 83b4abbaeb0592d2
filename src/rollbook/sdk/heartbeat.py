"""A background thread that says the run is alive, so that a killed run is seen to have crashed."""

from __future__ import annotations

import threading
from collections.abc import Callable

from rollbook.model.errors import RollbookError

INTERVAL_SECONDS = 30.0


class Heartbeat:
    """Calls `beat` now and then until stopped. A beat that fails is skipped: the next one says the same."""

    def __init__(self, beat: Callable[[], None], interval: float = INTERVAL_SECONDS) -> None:
        self._beat = beat
        self._interval = interval
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name="rollbook-heartbeat", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stopped.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._stopped.wait(self._interval):
            try:
                self._beat()
            except RollbookError:
                continue
