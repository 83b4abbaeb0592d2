"""Which names this server answers to. A page of another site that points its name here (DNS rebinding) gets nothing."""

from __future__ import annotations

import re

from starlette.types import ASGIApp, Receive, Scope, Send

from rollbook.model.errors import Forbidden
from rollbook.server.faults import answer_to

_NOT_OURS = Forbidden(
    "the request was sent to a name that is not this server's",
    hint="an administrator can add it: ROLLBOOK_ALLOWED_HOSTS",
)
_AUTHORITY = re.compile(r"([a-z0-9._-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?", re.IGNORECASE)


def host_of(scope: Scope) -> str | None:
    """The host name that a request was sent to, without its port; None where it says none, two or nonsense."""
    given = [value for name, value in scope["headers"] if name == b"host"]
    found = _AUTHORITY.fullmatch(given[0].decode("latin-1")) if len(given) == 1 else None
    return found[1].lower() if found else None


class KnownHosts:
    """Lets requests pass that are sent to a name of this server, of whatever protocol and to whatever path."""

    def __init__(self, application: ASGIApp, hosts: frozenset[str]) -> None:
        self._application = application
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass, or refuse it."""
        if scope["type"] == "lifespan" or host_of(scope) in self._hosts:
            await self._application(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await answer_to(_NOT_OURS)(scope, receive, send)
