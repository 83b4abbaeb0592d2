"""`rollbook serve`: the composition root. Opens the register, puts the application over it and answers."""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Callable
from contextlib import nullcontext

import structlog

from rollbook.app import datadir, jobs
from rollbook.app.register import Register
from rollbook.model.release import __version__
from rollbook.server import failpoints, firststart, listening, lock, logs, process
from rollbook.server.application import create_application
from rollbook.server.jobs import Worker
from rollbook.server.listening import Listening
from rollbook.server.settings import ServerSettings
from rollbook.server.state import State

SYSTEM = "system:server"
PRIVATE = 0o077
_log = structlog.get_logger("rollbook.serve")


def serve(settings: ServerSettings, announce: Callable[[Listening, str], None]) -> None:
    """Serve a register until the process is told to stop.

    Args:
        settings: What the server was told.
        announce: Called once when it answers, with where it listens and the token for the first administrator ("" where
            there is one).

    Raises:
        Unavailable: The data directory has a server already, or the port is in use.
        InvalidInput: The address cannot be listened on.
    """
    os.umask(PRIVATE)
    lines = logs.to_standard_error()
    logs.configure(lines, settings.log_level)
    failpoints.enable(settings.failures)
    register = open_register(settings)
    try:
        alone = nullcontext() if settings.database else lock.hold(settings.data_dir)
        with alone, listening.bind(settings) as bound:
            state = State(settings=settings, system=register)
            state.metrics.watch_log(lambda: lines.lost)
            _answer(state, bound, announce)
    finally:
        register.catalog.close()
        register.blobs.close()
        lines.flush()


def open_register(settings: ServerSettings) -> Register:
    """The register as the server itself sees it."""
    place = datadir.Place(settings.data_dir, settings.database, settings.store, settings.allow_http)
    return datadir.open_register(place, user=SYSTEM, clock=_now, random=secrets.token_bytes, create=True)


def _answer(state: State, bound: socket.socket, announce: Callable[[Listening, str], None]) -> None:
    settings, register = state.settings, state.system
    token = firststart.prepare(state.system, settings)
    host, port = bound.getsockname()[:2]
    here = Listening(
        address=listening.address_of(settings, port),
        host=host,
        port=port,
        data_dir=str(settings.data_dir),
        process=os.getpid(),
        setup_file=str(firststart.file_of(settings)) if token else None,
    )
    application = create_application(state)
    register.catalog.observe(state.metrics.transaction)
    state.metrics.watch_jobs(lambda: jobs.list_jobs(register), register.clock)
    worker = Worker(state.system, f"server {os.getpid()} {state.system.new_id()}", stopping=state.stopping)

    def ready() -> None:
        worker.start()
        announce(here, token)
        _log.info("started", address=here.address, process=here.process, release=__version__)

    try:
        process.answer(application, settings, bound, on_ready=ready, on_stop=state.stopping.set)
    finally:
        worker.stop()
        _log.info("stopped", process=here.process)
        firststart.forget(settings)


def _now() -> int:
    return time.time_ns() // 1000
