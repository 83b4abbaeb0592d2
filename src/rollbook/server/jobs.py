"""The server's housekeeping: one thread that runs what is due. Several servers on one register share the work."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace

import structlog

from rollbook.app import jobs
from rollbook.app.jobs import KINDS, Kind
from rollbook.app.register import LOCAL, Register
from rollbook.model.errors import RollbookError
from rollbook.model.permission import Actor

WORKER = "system:jobs"
PAUSE_SECONDS = 30.0
_log = structlog.get_logger("rollbook.jobs")


class Worker:
    """Runs due jobs until it is stopped.

    Args:
        register: The register as the server itself sees it.
        name: What no other worker is called.
        kinds: What there is to do.
        pause: Seconds between two looks.
        stopping: Set from elsewhere, it ends the worker as well.
    """

    def __init__(
        self,
        register: Register,
        name: str,
        *,
        kinds: Mapping[str, Kind] = KINDS,
        pause: float = PAUSE_SECONDS,
        stopping: threading.Event | None = None,
    ) -> None:
        self._register = replace(register, actor=Actor(WORKER, LOCAL, "owner"))
        self._name = name
        self._kinds = kinds
        self._pause = pause
        self._stopping = stopping or threading.Event()
        self._thread = threading.Thread(target=self._work, name="rollbook-jobs", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, patience: float = 5.0) -> None:
        """End after the job at hand. One that takes longer than that dies with the process: it can be run again."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(patience)

    def look(self) -> None:
        """Run what is due now. Nothing that goes wrong ends the worker: the job keeps its error, and is tried again."""
        self._guarded("plan", lambda: jobs.plan(self._register, self._kinds))
        self._guarded("run", self._run)

    def _run(self) -> None:
        for done in jobs.run_due(self._register, self._name, self._kinds):
            _log.info("job", kind=done.kind, error=done.last_error, attempts=done.attempts)

    def _guarded(self, step: str, act: Callable[[], None]) -> None:
        try:
            act()
        except RollbookError as error:
            _log.warning("jobs", step=step, error=error.message)
        except Exception:  # noqa: BLE001 - a bug in one job must not end the others
            _log.exception("jobs", step=step)

    def _work(self) -> None:
        while not self._stopping.wait(self._pause):
            self.look()
