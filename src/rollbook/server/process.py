"""The server process: an event loop that answers until it is told to stop, and then ends what it began."""

from __future__ import annotations

import resource
import socket
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import uvicorn
from anyio import to_thread

from rollbook.server.connection import BoundedConnection
from rollbook.server.settings import ServerSettings

STOP_SECONDS = 10
MAX_THREADS = 16
"""Verbs that run at once. More would only compete: each holds a connection to the database, and Python runs one."""
SWITCH_SECONDS = 0.001
KEEP_ALIVE_SECONDS = 20
MAX_DESCRIPTORS = 8192


class _Process(uvicorn.Server):
    """A server that says when it listens, and whose end by a signal is a success."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None], on_stop: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready
        self._on_stop = on_stop

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        # The event loop must get its turn soon, whatever the threads do: it is what sends away what is too much.
        sys.setswitchinterval(SWITCH_SECONDS)
        to_thread.current_default_thread_limiter().total_tokens = MAX_THREADS
        await super().startup(sockets)
        self._on_ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002
        # A second signal means: now.
        self.force_exit = self.should_exit
        self.should_exit = True
        self._on_stop()


def answer(
    application: Any,
    settings: ServerSettings,
    bound: socket.socket,
    *,
    on_ready: Callable[[], None],
    on_stop: Callable[[], None],
) -> None:
    """Answer requests until SIGTERM or SIGINT; then take no new ones, and give those that run ten seconds.

    Args:
        application: The ASGI application.
        settings: What the server was told.
        bound: The socket to listen on.
        on_ready: Called once when requests are answered.
        on_stop: Called when the server was told to stop.
    """
    _raise_descriptors()
    config = uvicorn.Config(
        application,
        loop="uvloop",
        http=BoundedConnection,
        ws="none",
        interface="asgi3",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.proxies),
        forwarded_allow_ips=list(settings.proxies),
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=STOP_SECONDS,
        ssl_certfile=settings.tls_cert,
        ssl_keyfile=settings.tls_key,
    )
    _Process(config, on_ready, on_stop).run([bound])


def _raise_descriptors() -> None:
    """Every connection takes one; the usual limit is lower than what the system would grant."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, MAX_DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
