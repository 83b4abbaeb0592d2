"""What machines ask that watch over the server: does it live, is it ready, what does it count?

Whoever asks from this machine sees everything. So does a key that may run `rollbook doctor` on the server's own
organisation. Strangers hear whether the server lives and is ready, and no more.
"""

from __future__ import annotations

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from rollbook.app.register import LOCAL
from rollbook.model.document import to_document
from rollbook.model.errors import Forbidden, RollbookError
from rollbook.server.gate import Access, enter, open_to_all
from rollbook.server.health import is_ready
from rollbook.server.hosts import host_of
from rollbook.server.metrics import CONTENT_TYPE
from rollbook.server.settings import LOOPBACK_NAMES, is_loopback
from rollbook.server.state import state_of

router = APIRouter()
_INSIDE = Access("store.verify", metered=False)
_FORWARDED = ("forwarded", "via", "x-forwarded-for", "x-real-ip")


@open_to_all
async def live(_request: Request) -> Response:
    """The process answers. Asks nothing else, so that a slow database never gets a server killed."""
    return PlainTextResponse("ok\n")


@open_to_all
async def ready(request: Request) -> Response:
    """Whether the server can do its work: 200 or 503."""
    state = state_of(request)
    if state.stopping.is_set():
        return JSONResponse({"ready": False}, 503)
    checks = await run_in_threadpool(state.health.checks)
    told: dict[str, object] = {"ready": is_ready(checks)}
    if await run_in_threadpool(_may_see, request):
        told["checks"] = [to_document(check) for check in checks]
    return JSONResponse(told, 200 if told["ready"] else 503)


async def count(request: Request) -> Response:
    """Numbers for Prometheus."""
    await run_in_threadpool(_check_inside, request)
    text = await run_in_threadpool(state_of(request).metrics.text)
    return Response(text, media_type=CONTENT_TYPE)


count.access = _INSIDE  # type: ignore[attr-defined]


def comes_from_here(request: Request) -> bool:
    """Whether somebody on this machine asks: not a proxy on it that passes on what others ask."""
    client = request.client
    if client is None or not is_loopback(client.host) or any(name in request.headers for name in _FORWARDED):
        return False
    return host_of(request.scope) in LOOPBACK_NAMES


def _check_inside(request: Request) -> None:
    if comes_from_here(request):
        return
    actor = enter(request, _INSIDE).actor
    if actor.organisation != LOCAL and not actor.administrator:
        raise Forbidden(f"{actor.name} does not watch over this server", hint="ask its administrator")


def _may_see(request: Request) -> bool:
    try:
        _check_inside(request)
    except RollbookError:
        return False
    return True


router.add_route("/healthz", live, ["GET"], include_in_schema=False)
router.add_route("/ready", ready, ["GET"], include_in_schema=False)
router.add_route("/metrics", count, ["GET"], include_in_schema=False)
