"""The outbox: journals of runs on this machine whose rows a server does not have yet, a folder for each run.

A folder holds `history.journal`, `address.json` (the server, and the path of the run's history there) and, where the
server was away when the run changed or ended, `changes.json`. Who writes or sends a journal holds its lock; a folder
goes when the server has all of it.
"""

from __future__ import annotations

import shutil
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import NamedTuple

import msgspec

from rollbook.history import Journal, JournalHeader
from rollbook.model.document import read_document, write_document
from rollbook.model.errors import InvalidInput, RollbookError, StorageFull, Unavailable
from rollbook.model.facts import RunChanges, RunFacts
from rollbook.sdk.remote.client import Client
from rollbook.sdk.remote.sending import Parcels, SentLog

JOURNAL = "history.journal"
ADDRESS = "address.json"
CHANGES = "changes.json"
HISTORY = "/history"
"""What the path of a run's history has behind the run's own."""


class Address(msgspec.Struct, frozen=True):
    """Where the rows of a folder go: a server, and the path of the run's history there."""

    server: str
    path: str


class Waiting(NamedTuple):
    """A folder whose rows wait."""

    folder: Path
    address: Address


class Outbox:
    """The folders of one machine's user.

    Args:
        root: Where they lie; made when it is needed.
        clock: UTC microseconds.
    """

    def __init__(self, root: Path, clock: Callable[[], int]) -> None:
        self._root = root
        self._clock = clock

    def open(self, client: Client, run: str, path: str) -> SentLog:
        """The history of a run, to append to.

        Args:
            client: The server.
            run: Id of the run.
            path: Path of its history on the server.

        Raises:
            StorageFull: The folder cannot be made.
        """
        folder = self._folder(client, run, path)
        file = folder / JOURNAL
        header = JournalHeader(run_id=run, created_us=self._clock())
        journal = Journal.open_append(file) if file.exists() else Journal.create(file, header)
        return SentLog(journal, Parcels(client, path, file), lambda: _remove(folder))

    def _folder(self, client: Client, run: str, path: str) -> Path:
        """The folder of a run, made where it is not there."""
        folder = self._root / run
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            (folder / ADDRESS).write_bytes(msgspec.json.encode(Address(client.server, path)))
        except OSError as error:
            raise StorageFull(
                f"{str(folder)!r} cannot be made: {error.strerror or error}",
                hint="set ROLLBOOK_STATE to another folder",
            ) from error
        return folder

    def defer(self, client: Client, run: str, path: str, changes: RunChanges) -> None:
        """Keep changes of a run for a server that is away; they go with those that wait already.

        Raises:
            StorageFull: They cannot be kept.
        """
        file = self._folder(client, run, path) / CHANGES
        unfinished = file.with_suffix(".part")
        try:
            unfinished.write_bytes(write_document(self.deferred(run, changes)))
            unfinished.replace(file)
        except OSError as error:
            raise StorageFull(f"{str(file)!r} cannot be written: {error.strerror}", hint="free space") from error

    def deferred(self, run: str, changes: RunChanges) -> RunChanges:
        """Changes of a run, with those that wait already: the newer stand."""
        try:
            older = read_document((self._root / run / CHANGES).read_bytes(), RunChanges)
        except (OSError, InvalidInput):
            return changes
        newer = {name: value for name, value in msgspec.structs.asdict(changes).items() if value is not None}
        return msgspec.structs.replace(older, **newer | {"tags": (*older.tags, *changes.tags)})

    def told(self, run: str) -> None:
        """The server has the changes that waited."""
        (self._root / run / CHANGES).unlink(missing_ok=True)

    def waiting(self) -> Iterator[Waiting]:
        """Every folder, whether somebody works on it or not, the oldest run first."""
        if not self._root.is_dir():
            return
        for folder in sorted(self._root.iterdir()):
            try:
                address = msgspec.json.decode((folder / ADDRESS).read_bytes(), type=Address)
            except (OSError, msgspec.MsgspecError):
                continue
            yield Waiting(folder, address)

    def send(self, client: Client, waiting: Waiting) -> bool:
        """Send what waits in a folder; False where a living process does that itself.

        Raises:
            RollbookError: The server is away, or refuses the rows.
        """
        file = waiting.folder / JOURNAL
        try:
            journal = Journal.open_append(file) if file.exists() else nullcontext()
        except Unavailable:
            return False
        with journal:
            if file.exists():
                Parcels(client, waiting.address.path, file).send()
            self._send_changes(client, waiting)
            _remove(waiting.folder)
        return True

    def _send_changes(self, client: Client, waiting: Waiting) -> None:
        changes = self.deferred(waiting.folder.name, RunChanges())
        if changes != RunChanges():
            client.send("PATCH", waiting.address.path.removesuffix(HISTORY), RunFacts, changes)

    def send_left_behind(self, client: Client) -> None:
        """Send what processes that died left for this server, in a thread of its own."""
        left = [item for item in self.waiting() if item.address.server == client.server]
        if left:
            threading.Thread(
                target=self._send_all, args=(client, left), name="rollbook-left-behind", daemon=True
            ).start()

    def _send_all(self, client: Client, left: list[Waiting]) -> None:
        for item in left:
            try:
                self.send(client, item)
            except RollbookError as error:
                warnings.warn(f"rows in {item.folder} still wait: {error.message}", RuntimeWarning, stacklevel=1)


def _remove(folder: Path) -> None:
    # The address goes first: a folder without one is no longer waiting, whatever a killed process leaves of it.
    (folder / ADDRESS).unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
