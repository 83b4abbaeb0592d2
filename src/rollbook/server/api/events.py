"""Server-sent events of a project: `event: moved` with what moved, `event: reset` where too much did."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from rollbook.app import events
from rollbook.app.register import Register
from rollbook.model.errors import Forbidden, InvalidInput, NotFound, Unauthenticated
from rollbook.model.events import Cursor, read_cursor
from rollbook.model.permission import Actor
from rollbook.server.api.paths import PROJECT
from rollbook.server.events import Batch, Listener, news
from rollbook.server.gate import Access, enter, project_of
from rollbook.server.routes import PREFIX, Routes
from rollbook.server.state import state_of

STREAM = "text/event-stream"
BEAT_SECONDS = 15.0
"""As often a silent stream says that it lives, and asks whether its listener may still hear it."""
RETRY_MILLISECONDS = 2000
SYSTEM = "system:events"
_ACCESS = Access("run.read")
_AGAIN = Access("run.read", metered=False)
routes = Routes("events")


async def listen(request: Request) -> Response:
    """Tell what moves in a project until the listener goes away, may no longer hear it, or the server stops."""
    register = await run_in_threadpool(enter, request, _ACCESS)
    if STREAM not in request.headers.get("Accept", ""):
        raise InvalidInput(
            "this is a stream of events", hint=f"send 'Accept: {STREAM}', as a browser's EventSource does"
        )
    project = project_of(request, register.actor)
    now = await run_in_threadpool(events.begin, register, project)
    heard = read_cursor(request.headers.get("Last-Event-ID", "")) or now
    if heard.sequence > now.sequence:
        heard = Cursor(-1, 0)  # of another register, or of one that was restored since
    state = state_of(request)
    system = state.register_for(Actor(SYSTEM, register.actor.organisation, "owner"))
    async with AsyncExitStack() as stack:
        listener = await stack.enter_async_context(state.feeds.listening(system, project, now))
        # Looked up only now: between the two, the others may have heard something.
        missed = await run_in_threadpool(_missed, register, project, heard)
        closing = stack.pop_all()
    stream = _stream(_Heard(request, register, project), listener, missed, closing)
    return StreamingResponse(stream, media_type=STREAM, headers={"X-Accel-Buffering": "no"})


listen.access = _ACCESS  # type: ignore[attr-defined]
routes.router.add_route(f"{PREFIX}{PROJECT}/events", listen, ["GET"], include_in_schema=False)


class _Heard:
    """Who listens, and what they may hear."""

    def __init__(self, request: Request, register: Register, project: str) -> None:
        self._request = request
        self._register = register
        self._project = project

    def again(self) -> bool:
        """Whether the listener may still hear the project: a key may have been revoked since."""
        try:
            self._register = enter(self._request, _AGAIN)
        except (Unauthenticated, Forbidden, NotFound):
            return False
        return True

    def lines(self, batch: Batch) -> bytes:
        """A batch as it is sent. Its last event carries the cursor: what is cut off before is sent again."""
        told = [moved for moved in batch.moved if events.visible(self._register, self._project, moved)]
        written = [
            _event("moved", json.dumps({"kind": moved.kind, "name": moved.name, "action": moved.action}))
            for moved in told
        ]
        return "".join([*written, _event("seen" if batch.whole else "reset", "{}", batch.cursor)]).encode()


async def _stream(heard: _Heard, listener: Listener, missed: Batch, closing: AsyncExitStack) -> AsyncIterator[bytes]:
    async with closing:
        yield f"retry: {RETRY_MILLISECONDS}\n\n".encode() + heard.lines(missed)
        while True:
            try:
                batch = await listener.hear(BEAT_SECONDS)
            except TimeoutError:
                if not await run_in_threadpool(heard.again):
                    return
                yield b": alive\n\n"
                continue
            if batch is None:
                return
            yield heard.lines(batch)


def _missed(register: Register, project: str, heard: Cursor) -> Batch:
    """What moved since the last event that a listener heard."""
    found = events.look(register, project, heard)
    if not found.whole:
        return Batch((), events.begin(register, project), whole=False)
    return Batch(news(found, {}), found.cursor)


def _event(kind: str, data: str, cursor: Cursor | None = None) -> str:
    name = f"id: {cursor}\n" if cursor is not None else ""
    return f"{name}event: {kind}\ndata: {data}\n\n"
