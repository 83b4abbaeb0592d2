"""The socket that the server listens on, and its address in words."""

from __future__ import annotations

import errno
import socket

import msgspec

from rollbook.model.errors import InvalidInput, Unavailable
from rollbook.server.settings import ServerSettings

BACKLOG = 1024


class Listening(msgspec.Struct, frozen=True, kw_only=True):
    """Where a server can be reached now.

    Attributes:
        address: The base URL, such as `http://127.0.0.1:8765`.
        host: Address it listens on.
        port: Port it listens on.
        data_dir: Its data directory.
        process: Its process id.
        setup_file: File that holds the one-time token for the first administrator, or None.
    """

    address: str
    host: str
    port: int
    data_dir: str
    process: int
    setup_file: str | None = None


def bind(settings: ServerSettings) -> socket.socket:
    """Take the address and port.

    Raises:
        InvalidInput: This machine has no such address.
        Unavailable: The port is in use.
    """
    host = settings.host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, settings.port))
        bound.listen(BACKLOG)
    except (OSError, OverflowError) as error:
        bound.close()
        if getattr(error, "errno", None) == errno.EADDRINUSE:
            raise Unavailable(f"port {settings.port} is in use", hint="--port 0 takes a free one") from error
        raise InvalidInput(f"cannot listen on {settings.host!r}, port {settings.port}: {error}") from error
    return bound


def address_of(settings: ServerSettings, port: int) -> str:
    """How to reach a server that listens on this port."""
    if settings.base_url:
        return settings.base_url
    scheme = "https" if settings.tls_cert is not None else "http"
    bare = settings.host.strip("[]")
    named = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(bare, bare)  # noqa: S104 - spelled, not bound
    return f"{scheme}://{f'[{named}]' if ':' in named else named}:{port}"
