"""What is seen of every request, outside of everything: its line in the log, and its place in the metrics.

Recorded are the template of its route, never its path or query; the stable name of a caller that the gate let in, never
what it proved that with; counts of bytes, never bytes.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rollbook.model import failpoints
from rollbook.model.errors import RollbookError
from rollbook.server.logs import facts_of_error

if TYPE_CHECKING:
    from rollbook.server.metrics import Metrics
    from rollbook.server.state import State

FACTS = "rollbook.seen"
"""Where the scope of a request keeps what was found out about it."""
UNMATCHED = "unmatched"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
QUIET = frozenset({"/healthz", "/ready", "/metrics"})
"""Asked every few seconds by machines: logged only when something is wrong."""
_ID_BYTES = 8
_log = structlog.get_logger("rollbook.requests")


def note(scope: Scope, **facts: object) -> None:
    """Add to what is logged of a request."""
    scope.setdefault(FACTS, {}).update(facts)


def note_error(scope: Scope, error: Exception) -> None:
    """Say what is known of why a request failed, where that is the server's own fault."""
    note(scope, **facts_of_error(error))


class Observed:
    """Sees every request through.

    Args:
        application: What answers.
        state: The server's state.
        templates: How the path of each endpoint was declared.
    """

    def __init__(self, application: ASGIApp, state: State, templates: Mapping[object, str]) -> None:
        self._application = application
        self._state = state
        self._templates = templates

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, and record that."""
        if scope["type"] != "http":
            return await self._application(scope, receive, send)
        seen = _Seen(scope, receive, send, self._state.system.random(_ID_BYTES).hex())
        metrics = self._state.metrics
        metrics.in_flight.inc()
        try:
            await self._application(scope, seen.receive, seen.send)
        except RollbookError as error:
            note_error(scope, error)
        except Exception as error:  # noqa: BLE001 - the last one who can say so; the connection is closed behind us
            note_error(scope, error)
            seen.failed = True
        finally:
            metrics.in_flight.dec()
            self._record(seen, metrics)

    def _record(self, seen: _Seen, metrics: Metrics) -> None:
        seconds = time.perf_counter() - seen.began
        method = seen.scope["method"] if seen.scope["method"] in METHODS else "OTHER"
        # What no route took has no template, so that strangers cannot make up labels.
        route = self._templates.get(seen.scope.get("endpoint"), UNMATCHED)
        metrics.count(method, route, seen.status, seconds)
        metrics.moved(seen.bytes_in, seen.bytes_out)
        if seen.status in (429, 503):
            metrics.count_shed("rate" if seen.status == 429 else "busy" if route == UNMATCHED else "unavailable")
        if route in QUIET and seen.status < 500:
            return
        facts: dict[str, Any] = {"request": seen.id, "method": method, "route": route, "status": seen.status}
        facts |= {"seconds": round(seconds, 6), "bytes_in": seen.bytes_in, "bytes_out": seen.bytes_out}
        log = _log.error if seen.failed or seen.status == 500 else _log.warning if seen.status > 500 else _log.info
        log("request", **facts, **seen.scope.get(FACTS, {}))


class _Seen:
    """One request on its way."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, name: str) -> None:
        self.scope, self.id = scope, name
        self.began = time.perf_counter()
        self.status = 0
        """0 for a client that was gone before there was an answer."""
        self.failed = False
        self.bytes_in = self.bytes_out = 0
        self._receive, self._send = receive, send

    async def receive(self) -> Message:
        message = await self._receive()
        self.bytes_in += len(message.get("body", b""))
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            failpoints.reach("answer.before")
            self.status = message["status"]
            message["headers"] = [*message.get("headers", ()), (b"x-request-id", self.id.encode())]
        else:
            self.bytes_out += len(message.get("body", b""))
        await self._send(message)
