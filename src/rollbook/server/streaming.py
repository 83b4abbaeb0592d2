"""Long answers as a stream of lines (NDJSON), so that no proxy on the way takes silence for death.

A verb that may take long is answered by `{"progress": bytes}` lines, at least one every few seconds, and then by
`{"result": ...}` or `{"error": ...}`. Who does not ask for NDJSON gets the plain document, when it is done.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import Any

from starlette.responses import Response, StreamingResponse

from rollbook.history import HistoryRow, RowEncoder
from rollbook.model.document import write_document
from rollbook.model.errors import InternalError, RollbookError, Unavailable
from rollbook.server.faults import document_of
from rollbook.server.routes import Call, Document

STREAM = "application/x-ndjson"
MAX_AT_ONCE = 4
MAX_WAITING = 16
BEAT_SECONDS = 2.0
_PIECE = 256 * 1024

Progress = Callable[[int], None]
_room = threading.BoundedSemaphore(MAX_AT_ONCE + MAX_WAITING)


class _Abandoned(Exception):
    """Nobody waits for the answer any more."""


@cache
def _workers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(MAX_AT_ONCE, thread_name_prefix="rollbook-long")


def answer_long(call: Call, verb: Callable[[Progress], Any]) -> Response:
    """The answer of a verb that may take long.

    Args:
        call: The request.
        verb: Called in a thread, with a function that takes the bytes done since the last call.

    Raises:
        Unavailable: As much is going on as may.
    """
    if not _room.acquire(blocking=False):
        raise Unavailable("the server is busy with other long requests", hint="try again in a moment")
    work = _Work(verb)
    try:
        work.done = _workers().submit(work.run)
    except BaseException:
        _room.release()
        raise
    work.done.add_done_callback(lambda _done: _room.release())
    if STREAM in call.request.headers.get("Accept", ""):
        return StreamingResponse(_lines(work), media_type=STREAM)
    return Document(work.done.result())


class _Work:
    """A verb under way: how much it did, and whether somebody still waits for it."""

    done: Future[Any]

    def __init__(self, verb: Callable[[Progress], Any]) -> None:
        self._verb = verb
        self.progress = 0
        self.abandoned = False

    def run(self) -> Any:
        return self._verb(self._count)

    def _count(self, amount: int) -> None:
        if self.abandoned:
            raise _Abandoned
        self.progress += amount


async def _lines(work: _Work) -> AsyncIterator[bytes]:
    waited = asyncio.wrap_future(work.done)
    try:
        while not (await asyncio.wait([waited], timeout=BEAT_SECONDS))[0]:
            yield _line({"progress": work.progress})
        yield _line({"progress": work.progress}) + _last(waited)
    finally:
        work.abandoned = True


def _last(waited: asyncio.Future[Any]) -> bytes:
    error = waited.exception()
    if error is None:
        return _line({"result": waited.result()})
    known = error if isinstance(error, RollbookError) else InternalError("the server failed on this request")
    return _line(document_of(known))


def _line(value: Any) -> bytes:
    return write_document(value) + b"\n"


def row_lines(rows: Iterator[HistoryRow]) -> Response:
    """History rows as lines, and how many they were; an error on the way is the last line.

    The first row is read at once, so that what is wrong from the start has a status of its own.
    """
    first = next(rows, None)
    return StreamingResponse(_pieces(first, rows), media_type=STREAM)


def _pieces(first: HistoryRow | None, rows: Iterator[HistoryRow]) -> Iterator[bytes]:
    encode, count, piece = RowEncoder(), 0, bytearray()
    try:
        row = first
        while row is not None:
            piece += encode(row.step, row.time_us, row.values) + b"\n"
            count += 1
            if len(piece) >= _PIECE:
                yield bytes(piece)
                piece.clear()
            row = next(rows, None)
        yield bytes(piece) + _line({"rows": count})
    except RollbookError as error:
        yield bytes(piece) + _line(document_of(error))
