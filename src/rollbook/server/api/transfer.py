"""Bytes: what is missing, sending it, fetching blobs. These stream, so they are plain endpoints behind the same gate.

`docs/formats/transfer.md` says what travels.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import cast

from blake3 import blake3
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse

from rollbook.app import transfer
from rollbook.app.register import Register
from rollbook.blobs import Frame, write_frames
from rollbook.blobs.frames import FAILED
from rollbook.model.digest import Digest
from rollbook.model.document import write_document
from rollbook.model.errors import InvalidInput, RollbookError, Unavailable
from rollbook.model.permission import Action
from rollbook.server import faults
from rollbook.server.blocks import BLOCK_BYTES, blocks_of, give_out, take_in
from rollbook.server.gate import Access, enter, project_of
from rollbook.server.ranges import Span, parse_range
from rollbook.server.routes import PREFIX, Document, Routes, read_body

MAX_STREAM = 64 * 1024 * 1024
"""Most bytes of one request that sends."""
MAX_RECEIVING = 4
"""Most requests whose bytes are taken in at once; each holds up to ten blocks in memory. The others wait."""
WAIT_SECONDS = 15
"""A request that waits longer is told to come back, before its connection counts as dead (`server.connection`)."""
BYTES = "application/octet-stream"
_DIGEST_BYTES = 32
_BLOB_HEADERS = {
    "Content-Disposition": "attachment",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Accept-Ranges": "bytes",
}

Handler = Callable[[Request, Register, str], Awaitable[Response]]

routes = Routes("transfer")


def _route(method: str, path: str, needs: Action) -> Callable[[Handler], Handler]:
    """Declare a route below a project that no document describes."""
    access = Access(needs, metered=False)

    def declare(handler: Handler) -> Handler:
        async def answering(request: Request) -> Response:
            register = await run_in_threadpool(enter, request, access)
            return await handler(request, register, project_of(request, register.actor))

        answering.access = access  # type: ignore[attr-defined]
        where = f"{PREFIX}/projects/{{entity}}/{{project}}{path}"
        routes.router.add_route(where, answering, methods=[method], name=handler.__name__, include_in_schema=False)
        return handler

    return declare


@_route("POST", "/upload/missing", "version.write")
async def ask_missing(request: Request, register: Register, project: str) -> Response:
    """Which of many chunks and blobs must be sent: one bit each, the first one highest."""
    body = await read_body(request, transfer.MAX_ASKED * _DIGEST_BYTES)
    return Response(await run_in_threadpool(_missing, register, project, body), media_type=BYTES)


@_route("PUT", "/upload", "version.write")
async def send_entries(request: Request, register: Register, project: str) -> Response:
    """Take in chunks and recipes; they are durable when this answers."""
    async with _place(request):
        receiving = await run_in_threadpool(transfer.receive, register, project)
        try:
            await take_in(request, receiving.feed, MAX_STREAM)
            count = await run_in_threadpool(receiving.finish)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody reads it
        finally:
            await run_in_threadpool(receiving.__exit__)
    return Document({"entries": count})


@_route("GET", "/blobs/{digest}", "version.read")
async def fetch_blob(request: Request, register: Register, project: str) -> Response:
    """A blob, or a range of it."""
    digest = Digest.parse(request.path_params["digest"])
    return await run_in_threadpool(_blob, request, register, project, digest)


@_route("POST", "/blobs/batch", "version.read")
async def fetch_batch(request: Request, register: Register, project: str) -> Response:
    """Many small blobs in one stream."""
    body = await read_body(request, transfer.MAX_BATCH * _DIGEST_BYTES)
    first, rest = await run_in_threadpool(_batch, register, project, body)
    return StreamingResponse(give_out(first, rest), media_type=BYTES)


def _missing(register: Register, project: str, body: bytes) -> bytes:
    answers = transfer.missing(register, project, transfer.split_digests(body))
    bits = "".join("1" if answer else "0" for answer in answers)
    size = (len(bits) + 7) // 8
    return int(bits.ljust(8 * size, "0") or "0", 2).to_bytes(size, "big")


def _blob(request: Request, register: Register, project: str, digest: Digest) -> Response:
    size = transfer.blob_size(register, project, digest)
    headers = _BLOB_HEADERS | {"ETag": f'"{digest}"'}
    try:
        span = parse_range(request.headers.get("range"), size)
    except InvalidInput as error:
        refused = faults.answer_to(error)
        return Response(refused.body, 416, {"Content-Range": f"bytes */{size}"}, "application/json")
    if span is not None:
        headers["Content-Range"] = f"bytes {span.start}-{span.stop - 1}/{size}"
    start, stop = span or Span(0, size)
    headers["Content-Length"] = str(stop - start)
    status = 200 if span is None else 206
    if request.method == "HEAD":
        return Response(None, status, headers, BYTES)
    blocks = blocks_of(transfer.read_blob(register, project, digest, start, stop - start))
    first = next(blocks, b"")
    if len(first) == stop - start:
        headers["Rollbook-Blake3"] = blake3(first).hexdigest()  # a range can be checked by nothing else
    return StreamingResponse(give_out(first, blocks), status, headers, BYTES)


def _batch(register: Register, project: str, body: bytes) -> tuple[bytes, Iterator[bytes]]:
    digests = [Digest.of_raw("blake3", raw) for raw in transfer.split_digests(body)]
    frames = transfer.read_batch(register, project, digests)
    blocks = write_frames(_telling(frames), BLOCK_BYTES)
    return next(blocks), blocks


def _telling(frames: Iterator[Frame]) -> Iterator[Frame]:
    """The frames; an error becomes the last of them, since the status has long been sent."""
    try:
        yield from frames
    except RollbookError as error:
        yield Frame(bytes(_DIGEST_BYTES), FAILED, 0, write_document(faults.document_of(error)))


@asynccontextmanager
async def _place(request: Request) -> AsyncGenerator[None]:
    """One of the places that bound how many bodies the application that answers takes in at once."""
    state = request.app.state
    if not hasattr(state, "receiving"):
        state.receiving = asyncio.Semaphore(MAX_RECEIVING)
    places = cast(asyncio.Semaphore, state.receiving)
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            await places.acquire()
    except TimeoutError as error:
        raise Unavailable("the server takes in as much as it can", hint="try again in a second") from error
    try:
        yield
    finally:
        places.release()
