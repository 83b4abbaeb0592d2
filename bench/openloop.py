"""An open-loop generator: requests are sent when they are due, whatever became of those before.

A request's latency counts from the instant at which it was due. A server that stalls therefore makes all requests late
that were due meanwhile, as it would for people; a closed loop would stop asking and see one slow answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import NamedTuple

PATIENCE_SECONDS = 30.0
_READ = 1 << 16


class Answered(NamedTuple):
    """One request.

    Attributes:
        due: Seconds after the beginning at which it was to be sent.
        seconds: From then to the end of its answer.
        status: Status of the answer; 0 where there was none.
    """

    due: float
    seconds: float
    status: int


class Target(NamedTuple):
    """What is asked for: the same again and again."""

    host: str
    port: int
    path: str
    key: str

    @property
    def request(self) -> bytes:
        """As it is sent."""
        lines = [f"GET {self.path} HTTP/1.1", f"Host: {self.host}:{self.port}", f"Authorization: Bearer {self.key}"]
        return "\r\n".join([*lines, "", ""]).encode()


def offer(target: Target, rate: float, seconds: float) -> list[Answered]:
    """Ask so often per second, for so long; the answers in the order in which they were due."""
    return asyncio.run(_offer(target, rate, seconds))


def saturate(target: Target, connections: int, seconds: float) -> float:
    """Good answers per second where so many ask, each again as soon as it is answered."""
    return asyncio.run(_saturate(target, connections, seconds))


async def _saturate(target: Target, connections: int, seconds: float) -> float:
    pool, until = _Pool(target), time.perf_counter() + seconds

    async def ask() -> int:
        good = 0
        while time.perf_counter() < until:
            good += await pool.ask() == 200
        return good

    counts = await asyncio.gather(*(ask() for _ in range(connections)))
    pool.close()
    return sum(counts) / seconds


async def _offer(target: Target, rate: float, seconds: float) -> list[Answered]:
    pool = _Pool(target)
    began = time.perf_counter()
    asked: list[asyncio.Task[Answered]] = []
    for number in range(round(rate * seconds)):
        due = number / rate
        wait = began + due - time.perf_counter()
        if wait > 0:
            await asyncio.sleep(wait)
        elif number % 64 == 0:
            await asyncio.sleep(0)
        asked.append(asyncio.create_task(_ask(pool, began, due)))
    answered = await asyncio.gather(*asked)
    pool.close()
    return answered


async def _ask(pool: _Pool, began: float, due: float) -> Answered:
    try:
        status = await asyncio.wait_for(pool.ask(), PATIENCE_SECONDS)
    except (OSError, EOFError, ValueError, TimeoutError):
        status = 0
    return Answered(due, time.perf_counter() - began - due, status)


class _Pool:
    """Connections that are kept; as many as there are requests under way."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._request = target.request
        self._free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def ask(self) -> int:
        if self._free:
            reader, writer = self._free.pop()
        else:
            reader, writer = await asyncio.open_connection(self._target.host, self._target.port, limit=_READ)
        try:
            writer.write(self._request)
            status, keep = await _answer(reader)
        except BaseException:
            writer.close()
            raise
        if keep:
            self._free.append((reader, writer))
        else:
            writer.close()
        return status

    def close(self) -> None:
        for _reader, writer in self._free:
            with contextlib.suppress(OSError):
                writer.close()


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bool]:
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
    await reader.readexactly(int(headers["content-length"]))
    return int(first.split()[1]), headers.get("connection", "").lower() != "close"
