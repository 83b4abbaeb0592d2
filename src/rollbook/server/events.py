"""Streams of events: whoever listens to a project hears that something of it moved, whichever process did it.

Each process looks at the catalog once a second for each project that somebody listens to, however many they are.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple

from starlette.concurrency import run_in_threadpool

from rollbook.app import events
from rollbook.app.events import Look
from rollbook.app.register import Register
from rollbook.model.errors import RollbookError, TooManyRequests
from rollbook.model.events import Cursor, Moved

LOOK_SECONDS = 1.0
PAUSE_SECONDS = 5.0
"""After a look that failed."""
PULSE_SECONDS = 0.5
MAX_LISTENERS = 500
MAX_OF_PROJECT = 100
MAX_WAITING = 100
"""Batches that wait for a listener; one that is slower than that is told to look at everything anew."""


class Batch(NamedTuple):
    """What moved at once.

    Attributes:
        moved: What it was.
        cursor: Where a listener goes on who has heard it.
        whole: False for a batch that says: look at everything anew.
    """

    moved: tuple[Moved, ...]
    cursor: Cursor
    whole: bool = True


class Listener:
    """Somebody who listens."""

    def __init__(self) -> None:
        self._waiting: asyncio.Queue[Batch | None] = asyncio.Queue(MAX_WAITING + 1)

    def tell(self, batch: Batch) -> None:
        """Let the listener hear something soon."""
        if self._waiting.qsize() >= MAX_WAITING:
            self._drop()
            batch = Batch((), batch.cursor, whole=False)
        self._waiting.put_nowait(batch)

    def end(self) -> None:
        """Say that nothing more comes."""
        self._drop()
        self._waiting.put_nowait(None)

    async def hear(self, seconds: float) -> Batch | None:
        """The next batch; None at the end.

        Raises:
            TimeoutError: Nothing moved for so long.
        """
        return await asyncio.wait_for(self._waiting.get(), seconds)

    def _drop(self) -> None:
        with suppress(asyncio.QueueEmpty):
            while True:
                self._waiting.get_nowait()


class Feeds:
    """Who listens to what, in this process. Used from its event loop only.

    Args:
        stopping: Says whether the server was told to stop.
        look_seconds: Between two looks at a project.
    """

    def __init__(self, stopping: Callable[[], bool], look_seconds: float = LOOK_SECONDS) -> None:
        self._stopping = stopping
        self._look_seconds = look_seconds
        self._feeds: dict[tuple[str, str], _Feed] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._pulsing = False
        self.count = 0

    @asynccontextmanager
    async def listening(self, register: Register, project: str, since: Cursor) -> AsyncGenerator[Listener]:
        """Somebody listens while the block lasts.

        Args:
            register: The register as the server itself sees it, in the organisation of the project.
            project: Full name of a project that exists.
            since: From where on.

        Raises:
            TooManyRequests: As many listen as may.
        """
        place = (register.actor.organisation, project)
        feed = self._feeds.get(place)
        if self.count >= MAX_LISTENERS or (feed is not None and len(feed.listeners) >= MAX_OF_PROJECT):
            raise TooManyRequests("too many listen already", hint="ask again later", retry_after=30)
        if feed is None:
            feed = self._feeds[place] = _Feed(register, project, since)
            self._begin(self._look(place, feed))
        if not self._pulsing:
            self._pulsing = True
            self._begin(self._pulse())
        listener = Listener()
        feed.listeners.add(listener)
        self.count += 1
        try:
            yield listener
        finally:
            feed.listeners.discard(listener)
            self.count -= 1

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _look(self, place: tuple[str, str], feed: _Feed) -> None:
        """Look at a project as long as somebody listens to it."""
        while feed.listeners:
            await asyncio.sleep(self._look_seconds)
            if not await feed.look():
                await asyncio.sleep(PAUSE_SECONDS)
        self._feeds.pop(place, None)

    async def _pulse(self) -> None:
        """End every stream as soon as the server is told to stop."""
        try:
            while self.count:
                await asyncio.sleep(PULSE_SECONDS)
                if self._stopping():
                    for feed in self._feeds.values():
                        feed.end()
                    return
        finally:
            self._pulsing = False


class _Feed:
    """One project, and who listens to it."""

    def __init__(self, register: Register, project: str, since: Cursor) -> None:
        self._register = register
        self._project = project
        self._cursor = since
        self._told: dict[str, int] = {}
        self.listeners: set[Listener] = set()

    async def look(self) -> bool:
        """Look, and tell everybody; False where it failed."""
        try:
            found = await run_in_threadpool(events.look, self._register, self._project, self._cursor)
        except RollbookError:
            return False
        moved = news(found, self._told)
        self._told = found.changed
        self._cursor = found.cursor
        if moved or not found.whole:
            for listener in list(self.listeners):
                listener.tell(Batch(moved, found.cursor, found.whole))
        return True

    def end(self) -> None:
        """Nothing more comes."""
        for listener in self.listeners:
            listener.end()


def news(found: Look, told: dict[str, int]) -> tuple[Moved, ...]:
    """What is new of a look: runs whose change was told already are left out."""
    changed = [run for run, at in found.changed.items() if told.get(run) != at]
    named = {moved.name for moved in found.moved if moved.kind == "run"}
    return (*found.moved, *(Moved("run", run, "run.change") for run in changed if run not in named))
