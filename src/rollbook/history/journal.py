"""The writing end of a journal: one `write` for every row.

A row is accepted when `append` returns: it is then in the operating system's hands and survives the death of the
process; within a second it is on disk and survives a power cut too.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
import threading
import weakref
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rollbook.history.flusher import Flusher
from rollbook.history.frames import Opening, decode_frames, decode_header, encode_frame, encode_header
from rollbook.history.refusals import refusal, storage_full
from rollbook.history.rows import JournalHeader, RowEncoder, decode_row
from rollbook.model.errors import AlreadyExists, CorruptData, InvalidInput, NotFound, Unavailable

_open_journals: weakref.WeakSet[Journal] = weakref.WeakSet()


class Journal:
    """An open journal. Make one with `create` or `open_append`; several threads may append.

    One process writes a journal at a time. A forked child cannot write to its parent's journal.
    """

    def __init__(self, path: Path, descriptor: int, opening: Opening, last_step: int) -> None:
        self._path = path
        self._descriptor = descriptor
        self._header = opening.header
        self._salt = opening.salt
        self._step = last_step
        self._closed_because = ""
        self._lock = threading.Lock()
        self._encode = RowEncoder()
        self._flusher = Flusher(descriptor, path)
        _open_journals.add(self)

    @classmethod
    def create(cls, path: Path, header: JournalHeader) -> Self:
        """Make a journal, durably, readable by its owner only.

        Args:
            path: The new file, in a folder that exists.
            header: Whose journal it is.

        Raises:
            AlreadyExists: There is a file of that name.
            NotFound: The folder does not exist.
            StorageFull: The disk is full or read-only.
            Unavailable: The disk or its permissions refuse.
        """
        try:
            _publish(path, encode_header(header))
        except FileExistsError as error:
            raise AlreadyExists(f"the journal {path} exists", hint="open it with Journal.open_append") from error
        except FileNotFoundError as error:
            raise NotFound(f"there is no folder {path.parent}", hint="create it first") from error
        except OSError as error:
            raise refusal(error, path) from error
        return cls.open_append(path)

    @classmethod
    def open_append(cls, path: Path) -> Self:
        """Open a journal to go on where it ends. A row torn at its end is cut off: it was never accepted.

        Raises:
            NotFound: There is no such file.
            CorruptData: The journal is damaged; nothing was changed.
            UnsupportedFormat: A newer release wrote it.
            Unavailable: Another process writes it now, or the disk refuses.
        """
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW)
        except FileNotFoundError as error:
            raise NotFound(f"there is no journal {path}") from error
        except OSError as error:
            raise refusal(error, path) from error
        try:
            _claim(descriptor, path)
            opening, end, last_step = _scan(descriptor, path)
            _cut(descriptor, end)
            return cls(path, descriptor, opening, last_step)
        except OSError as error:
            os.close(descriptor)
            raise refusal(error, path) from error
        except BaseException:
            os.close(descriptor)
            raise

    @property
    def header(self) -> JournalHeader:
        """Whose journal this is."""
        return self._header

    @property
    def last_step(self) -> int:
        """The step of the last row, or -1."""
        return self._step

    def append(self, values: Mapping[str, Any], *, time_us: int, step: int | None = None) -> int:
        """Accept one row. Any error leaves the journal as it was and ready for the next row.

        Args:
            values: Named values: text, numbers, booleans, None, lists and dicts of these, scalars of numpy and torch.
            time_us: Wall time, UTC microseconds since 1970.
            step: The row's step, at least that of the last row; one more than it when not given.

        Returns:
            The row's step.

        Raises:
            InvalidInput: A key or value cannot be kept (the message names it), the step goes back, or the journal is
                closed.
            StorageFull: There is no room; nothing of the row stays in the file.
            Unavailable: The disk failed.
        """
        with self._lock:
            self._check_open()
            row_step = self._step + 1 if step is None else self._checked(step)
            self._flusher.check()
            frame = encode_frame(self._encode(row_step, time_us, values), self._salt)
            try:
                written = os.write(self._descriptor, frame)
            except OSError as error:
                raise refusal(error, self._path) from error
            if written != len(frame):
                self._take_back(written)
            self._step = row_step
        self._flusher.touch()
        return row_step

    def sync(self) -> None:
        """Return when every accepted row is durable.

        Raises:
            InvalidInput: The journal is closed.
            StorageFull: The disk is full.
            Unavailable: The disk failed now or before: rows since the last `sync` may be lost by a power cut.
        """
        self._check_open()
        self._flusher.flush()

    def close(self) -> None:
        """Make every row durable and let go of the file. Closing twice is harmless.

        Raises:
            StorageFull: The disk is full.
            Unavailable: The disk failed; the file is closed all the same.
        """
        with self._lock:
            if self._closed_because:
                return
            self._closed_because = "closed"
        _open_journals.discard(self)
        self._flusher.stop()
        try:
            self._flusher.flush()
        finally:
            os.close(self._descriptor)

    def abandon(self) -> None:
        """Let go of the file without touching it or the lock, as a forked child does with its parent's journal.

        The thread that held the lock or synchronised the file at the moment of the fork does not exist in the child.
        """
        self._closed_because = "open in the parent of this process"
        with suppress(OSError):
            os.close(self._descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _check_open(self) -> None:
        if self._closed_because:
            raise InvalidInput(
                f"the journal {self._path} is {self._closed_because}", hint="log from the process that opened it"
            )

    def _checked(self, step: object) -> int:
        if isinstance(step, bool) or not isinstance(step, int):
            raise InvalidInput(f"step={step!r} of type {type(step).__name__}", hint="a step is an integer")
        if not max(self._step, 0) <= step < 2**63:
            raise InvalidInput(
                f"step {step} is behind the last row's step {self._step}"
                if step < 2**63
                else f"step {step} is too large",
                hint="steps never decrease; leave `step` out to count on by one",
            )
        return step

    def _take_back(self, written: int) -> None:
        # One writer and O_APPEND: what was just written is exactly the end of the file, whatever happened before.
        try:
            os.ftruncate(self._descriptor, os.fstat(self._descriptor).st_size - written)
        except OSError as error:
            self._closed_because = "unusable: a torn row could not be taken back"
            raise refusal(error, self._path) from error
        raise storage_full(self._path, "no room for the whole row")


def _abandon_all() -> None:
    for journal in list(_open_journals):
        journal.abandon()
    _open_journals.clear()


os.register_at_fork(after_in_child=_abandon_all)


def _publish(path: Path, content: bytes) -> None:
    """Write a small file that is there whole or not at all."""
    descriptor, temporary = tempfile.mkstemp(prefix=".journal-", dir=path.parent)
    try:
        try:
            os.write(descriptor, content)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.link(temporary, path)
    finally:
        os.unlink(temporary)  # noqa: PTH108 - a plain path from mkstemp
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _claim(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise Unavailable(
            f"the journal {path} is written by another process", hint="one process logs to a run at a time"
        ) from error


def _scan(descriptor: int, path: Path) -> tuple[Opening, int, int]:
    with os.fdopen(os.dup(descriptor), "rb", buffering=1 << 18) as stream:
        opening = decode_header(stream, path.name)
        end, last = opening.end, b""
        for frame in decode_frames(stream, opening, path.name):
            end, last = frame.end, frame.payload
    try:
        return opening, end, decode_row(last).step if last else -1
    except ValueError as error:
        raise CorruptData(f"the last row of the journal {path.name} does not decode") from error


def _cut(descriptor: int, end: int) -> None:
    if os.fstat(descriptor).st_size > end:
        os.ftruncate(descriptor, end)
        os.fsync(descriptor)
