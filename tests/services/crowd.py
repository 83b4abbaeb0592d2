"""Processes that log versions into one register until they are stopped, and say what was acknowledged."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Queue

from rollbook.app.datadir import Place

_PROGRAM = Path(__file__).with_name("writer.py")
_SECONDS = 60
Acknowledged = tuple[str, int, str]
"""Collection, number and digest."""


@contextmanager
def writing(place: Place, count: int) -> Generator[Iterator[Acknowledged]]:
    """Let some processes write while the block lasts, each into a collection of its own.

    Gives what they report, and after the block ended, what is left of it.
    """
    found: Queue[Acknowledged | None] = Queue()
    parts = (str(place.root), place.database, place.store, "http" if place.allow_http else "")
    command = [sys.executable, str(_PROGRAM), *parts]
    writers = [subprocess.Popen([*command, str(number)], stdout=subprocess.PIPE, text=True) for number in range(count)]
    readers = [threading.Thread(target=_read, args=(writer, found), daemon=True) for writer in writers]
    try:
        for reader in readers:
            reader.start()
        yield _until_none(found)
    finally:
        for writer in writers:
            writer.kill()
            writer.wait(_SECONDS)
        for reader in readers:
            reader.join(_SECONDS)
        found.put(None)


def _until_none(found: Queue[Acknowledged | None]) -> Iterator[Acknowledged]:
    while (item := found.get(timeout=_SECONDS)) is not None:
        yield item


def _read(writer: subprocess.Popen[str], found: Queue[Acknowledged | None]) -> None:
    assert writer.stdout is not None
    with writer.stdout as lines:
        for line in lines:
            name, number, digest = line.split()
            found.put((name, int(number), digest))
