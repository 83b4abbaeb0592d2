"""Moves large bodies between the event loop, which only waits, and threads, which work: a few blocks at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from rollbook.model.errors import TooLarge

BLOCK_BYTES = 1024 * 1024
"""One step of a thread: large enough to be worth the way there, small enough to stay in the processor's cache."""


async def take_in(request: Request, work: Callable[[list[bytes]], None], limit: int) -> None:
    """Pass a request's body on, block by block; the next is received while `work` deals with one.

    Args:
        request: The request.
        work: Called in a thread, in order, never twice at once.
        limit: Most bytes of the body.

    Raises:
        TooLarge: The body is larger.
        ClientDisconnect: The client went away.
    """
    working: asyncio.Future[None] | None = None
    total = 0
    try:
        async for block in _blocks(request):
            total += sum(map(len, block))
            if total > limit:
                raise TooLarge(f"the request has more than {limit:,} bytes", hint="send several requests")
            if working is not None:
                await working
            working = asyncio.ensure_future(run_in_threadpool(work, block))
    finally:
        if working is not None:
            await working


async def _blocks(request: Request) -> AsyncIterator[list[bytes]]:
    """The pieces that arrive, in groups of about `BLOCK_BYTES`; whoever needs them in one piece joins them."""
    waiting: list[bytes] = []
    size = 0
    async for piece in request.stream():
        waiting.append(piece)
        size += len(piece)
        if size >= BLOCK_BYTES:
            yield waiting
            waiting, size = [], 0
    yield waiting


async def give_out(first: bytes, rest: Iterator[bytes]) -> AsyncIterator[bytes]:
    """What comes out of `rest`, which runs in threads; the next block is made while one is sent.

    Args:
        first: The first block, made before the answer began, so that its errors have a status.
        rest: The others.
    """
    block: bytes | None = first
    while block is not None:
        following = asyncio.ensure_future(run_in_threadpool(next, rest, None))
        try:
            yield block
        finally:
            block = await following


def blocks_of(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Small pieces as blocks of about `BLOCK_BYTES`."""
    waiting: list[bytes] = []
    size = 0
    for piece in pieces:
        waiting.append(piece)
        size += len(piece)
        if size >= BLOCK_BYTES:
            yield b"".join(waiting)
            waiting, size = [], 0
    if waiting:
        yield b"".join(waiting)
