"""Sending the rows of a journal to a server: in parts, in order, none twice, from wherever the server stands."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from rollbook.history import Journal, read_frames
from rollbook.model.document import read_document
from rollbook.model.errors import Conflict, RollbookError, Unavailable
from rollbook.model.wire import Received
from rollbook.sdk.remote.client import Client

INTERVAL_SECONDS = 1.0
CLOSE_SECONDS = 60.0
"""How long the end of a run waits for a server that is away."""
_MAX_ROWS = 5_000
_MAX_BYTES = 1024 * 1024


class Parcels:
    """The rows of one journal that the server does not have yet.

    Args:
        client: The server.
        path: Path of the run's history on the server.
        journal: The journal, which may be written meanwhile.
    """

    def __init__(self, client: Client, path: str, journal: Path) -> None:
        self._client = client
        self._path = path
        self._journal = journal
        self._rows: int | None = None
        self._offset = 0

    def send(self) -> None:
        """Send every row that the journal has now.

        Raises:
            Unavailable: The server is away; what it acknowledged is not sent again.
            RollbookError: The server refuses the rows.
        """
        while self._send_part():
            pass

    def _send_part(self) -> bool:
        if self._rows is None:
            self._find_place()
        rows = self._rows or 0
        lines, end = self._next_lines()
        if not lines:
            return False
        body = b"\n".join(lines)
        try:
            answer = self._client.read("POST", self._path, query={"first_row": rows}, content=body)
        except Conflict:  # the server has fewer rows than it had: it was put back to a backup
            self._rows = None
            return True
        if read_document(answer, Received).rows != rows + len(lines):
            self._rows = None
            return True
        self._rows, self._offset = rows + len(lines), end
        return True

    def _find_place(self) -> None:
        """Ask how many rows the server has, and go behind them."""
        kept = self._client.get(f"{self._path}/extent", Received).rows
        last = None
        for last in islice(read_frames(self._journal), kept):  # noqa: B007 - the last is what counts
            pass
        self._offset = 0 if last is None else last.end
        self._rows = kept

    def _next_lines(self) -> tuple[list[bytes], int]:
        lines: list[bytes] = []
        size, end = 0, self._offset
        for frame in read_frames(self._journal, self._offset):
            if lines and (len(lines) >= _MAX_ROWS or size + len(frame.payload) > _MAX_BYTES):
                break
            lines.append(frame.payload)
            size, end = size + len(frame.payload), frame.end
        return lines, end


class SentLog:
    """The history of a run, kept in a journal of this machine and sent to the server by a thread.

    Logging never waits for the network. Rows that the server does not have when the process dies lie in the journal.

    Args:
        journal: The journal, open.
        parcels: What to send.
        sent: Called once when everything was sent and the journal is closed.
    """

    def __init__(self, journal: Journal, parcels: Parcels, sent: Callable[[], None]) -> None:
        self._journal = journal
        self._parcels = parcels
        self._sent = sent
        self._stopping = threading.Event()
        self._whole = False
        self._thread = threading.Thread(target=self._work, name="rollbook-sender", daemon=True)
        self._thread.start()

    def append(self, values: Mapping[str, Any], *, time_us: int, step: int | None = None) -> int:
        """Accept one row and return its step; it survives the process's death."""
        return self._journal.append(values, time_us=time_us, step=step)

    def sync(self) -> None:
        """Return when every accepted row is durable on this machine."""
        self._journal.sync()

    def close(self) -> None:
        """Make every row durable, wait for a while until the server has them, and let go."""
        self._journal.close()
        self._stopping.set()
        self._thread.join(CLOSE_SECONDS)
        if self._whole:
            self._sent()
        else:
            message = "rows of this run wait on this machine: 'rollbook sync' sends them once the server answers"
            warnings.warn(message, RuntimeWarning, stacklevel=3)

    def _work(self) -> None:
        while True:
            last = self._stopping.wait(INTERVAL_SECONDS)
            try:
                self._parcels.send()
            except Unavailable:
                if last:
                    return
            except RollbookError as error:
                warnings.warn(f"the server refuses rows of this run: {error}", RuntimeWarning, stacklevel=2)
                return
            else:
                if last:
                    self._whole = True
                    return
