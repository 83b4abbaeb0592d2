"""One connection, with bounds on what its other end may do before a request exists: sizes, counts and patience."""

from __future__ import annotations

import asyncio
import json
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from rollbook.server.headers import defaults

MAX_CONNECTIONS = 2_000
MAX_HEAD_BYTES = 32 * 1024
MAX_HEADERS = 100
READ_BYTES = 256 * 1024
"""What the event loop reads at once: a head may be followed by that much of a body."""
WINDOW_SECONDS = 30
LEAST_BYTES = 1024
"""Who sends a request's body slower than this per window is holding a place, not sending."""


class _Refused(Exception):
    """Ends the parsing of a request."""


class BoundedConnection(HttpToolsProtocol):
    """A connection that refuses large heads, and ends when its other end does not go on."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._refusal = HTTPStatus.BAD_REQUEST
        self._head_bytes = self._head_size = 0
        self._head_open = True
        self._crowded = False
        self._received = 0
        self._seen = 0
        self._watch: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the connection, or refuse it where there are too many."""
        super().connection_made(transport)
        crowd = len(self.connections)
        if crowd > 2 * MAX_CONNECTIONS:
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE)
        else:
            # Refused once its request came: an answer to what was not read is lost when the connection is reset.
            self._crowded = crowd > MAX_CONNECTIONS
            self._watch = self.loop.call_later(WINDOW_SECONDS, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        if self._watch is not None:
            self._watch.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on."""
        if self._crowded:
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE)
            return
        self._received += len(data)
        super().data_received(data)
        if self._head_open and not self.transport.is_closing():
            # A header is handed over once it is whole; until then only its bytes can be counted.
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES + READ_BYTES:
                self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._head_open, self._head_bytes, self._head_size = True, 0, 0

    def on_url(self, url: bytes) -> None:
        """A piece of its target."""
        super().on_url(url)
        self._bound(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        """One of its headers."""
        super().on_header(name, value)
        self._bound(len(name) + len(value) + 4)

    def on_headers_complete(self) -> None:
        """Its head is whole."""
        self._head_open, self._head_bytes = False, 0
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is not a request, or not one that we read."""
        del msg
        self._refuse(self._refusal)

    def _bound(self, size: int) -> None:
        self._head_size += size
        if self._head_size > MAX_HEAD_BYTES or len(self.headers) > MAX_HEADERS:
            self._refusal = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
            raise _Refused

    def _look(self) -> None:
        """Now and then: is the other end still sending what it began?"""
        if self._waits() and self._received - self._seen < LEAST_BYTES:
            self.transport.close()
        elif not self.transport.is_closing():
            self._seen = self._received
            self._watch = self.loop.call_later(WINDOW_SECONDS, self._look)

    def _waits(self) -> bool:
        """Whether it is the other end's turn to send. Between two requests uvicorn's own clock runs."""
        cycle = self.cycle
        if self._head_open:
            return True
        return cycle.more_body and not (
            cycle.response_complete or cycle.waiting_for_100_continue or self.flow.read_paused
        )

    def _refuse(self, status: HTTPStatus) -> None:
        kind = "unavailable" if status == HTTPStatus.SERVICE_UNAVAILABLE else "invalid_input"
        body = json.dumps({"error": {"kind": kind, "message": status.phrase, "hint": ""}}).encode()
        lines = [b"HTTP/1.1 %d %s" % (status, status.phrase.encode())]
        lines += [name + b": " + value for name, value in defaults(secure=self.scheme == "https")]
        lines += [b"content-type: application/json", b"content-length: %d" % len(body), b"connection: close"]
        lines += [b"retry-after: 1"] if status == HTTPStatus.SERVICE_UNAVAILABLE else []
        self.transport.write(b"\r\n".join([*lines, b"", body]))
        self.transport.close()
