"""The headers that every response carries, whoever made it: what a browser may do with it, and who may keep it."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rollbook.model.errors import Unavailable
from rollbook.server.faults import answer_to

CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
DEFAULTS = {
    "content-security-policy": CONTENT_POLICY,
    "x-content-type-options": "nosniff",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    # Not `no-referrer`: browsers then send `Origin: null` with the forms of our own pages.
    "referrer-policy": "same-origin",
    "cache-control": "no-store",
}
"""A route may say something else, for example that what has a digest for a name can be kept."""
TRANSPORT_SECURITY = "max-age=31536000"


def defaults(*, secure: bool) -> tuple[tuple[bytes, bytes], ...]:
    """The headers, as they are sent.

    Args:
        secure: Whether people reach the server over TLS.
    """
    chosen = DEFAULTS | ({"strict-transport-security": TRANSPORT_SECURITY} if secure else {})
    return tuple((name.encode(), value.encode()) for name, value in chosen.items())


class SecurityHeaders:
    """Adds the headers that a response lacks, to errors as well."""

    def __init__(self, application: ASGIApp, *, secure: bool) -> None:
        self._application = application
        self._headers = defaults(secure=secure)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, with the headers."""
        if scope["type"] != "http":
            return await self._application(scope, receive, send)
        begun = False

        async def adding(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                given = list(message.get("headers", ()))
                there = {name.lower() for name, _ in given}
                message["headers"] = given + [pair for pair in self._headers if pair[0] not in there]
            await send(message)

        try:
            await self._application(scope, receive, adding)
        except asyncio.CancelledError:
            if begun:
                raise
            # The server stops, and this took longer than it waits. The client may ask again, and is told so.
            stopped = Unavailable("the server was stopped before this was done", hint="try again")
            await answer_to(stopped)(scope, receive, adding)
