"""Whether this server can answer now.

One look at a time, in a thread of its own, so that no number of questions and no disk that hangs keeps anybody else
from being answered.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TookTooLong

from rollbook.model.results import Check

PATIENCE_SECONDS = 5.0
FRESH_SECONDS = 1.0


class Health:
    """The last look, and the one under way.

    Args:
        look: Looks at everything; may take as long as it likes.
        clock: Seconds that never go back.
        patience: Seconds after which a look that has not ended says by itself that something is wrong.
    """

    def __init__(
        self,
        look: Callable[[], list[Check]],
        clock: Callable[[], float] = time.monotonic,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self._look = look
        self._clock = clock
        self._patience = patience
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="rollbook-health")
        self._lock = threading.Lock()
        self._under_way: Future[list[Check]] | None = None
        self._seen: tuple[float, list[Check]] | None = None

    def checks(self) -> list[Check]:
        """What was seen within the last second, or is seen now."""
        with self._lock:
            if self._seen is not None and self._clock() - self._seen[0] < FRESH_SECONDS:
                return self._seen[1]
            if self._under_way is None:
                self._under_way = self._worker.submit(self._look)
            looking = self._under_way
        try:
            checks = looking.result(self._patience)
        except TookTooLong:
            return [_stuck(self._patience)]
        finally:
            with self._lock:
                if looking.done() and self._under_way is looking:
                    self._under_way = None
        with self._lock:
            self._seen = (self._clock(), checks)
        return checks


def is_ready(checks: list[Check]) -> bool:
    """Whether nothing failed."""
    return all(check.status != "fail" for check in checks)


def _stuck(seconds: float) -> Check:
    return Check(
        check="answer",
        status="fail",
        message=f"database, store or disk did not answer within {seconds:g} s",
        hint="look at the database server, the object store and the disk",
    )
