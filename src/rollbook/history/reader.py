"""Reading a journal, also while it is being written."""

from __future__ import annotations

import os
import stat
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from rollbook.history.frames import Frame, decode_frames, decode_header
from rollbook.history.refusals import refusal
from rollbook.history.rows import HistoryRow, JournalHeader, decode_row
from rollbook.model.errors import CorruptData, NotFound


def read_header(path: Path) -> JournalHeader:
    """Whose journal a file is.

    Raises:
        NotFound: There is no such file.
        CorruptData: The file is not a journal or its header is damaged.
        UnsupportedFormat: A newer release wrote it.
        Unavailable: The file cannot be read now.
    """
    with _opened(path) as stream:
        return decode_header(stream, path.name).header


def read_rows(path: Path) -> Iterator[HistoryRow]:
    """The rows of a journal in the order in which they were logged.

    A row that a killed process or a power cut left unfinished at the end of the file was never accepted and is left
    out. The journal may be written meanwhile: the rows that are whole by then are given.

    Args:
        path: The journal.

    Yields:
        One row at a time.

    Raises:
        NotFound: There is no such file.
        CorruptData: The file is damaged; rows before the damage were given, the message gives the offset.
        UnsupportedFormat: A newer release wrote it.
        Unavailable: The file cannot be read now.
    """
    with _opened(path) as stream:
        opening = decode_header(stream, path.name)
        for frame in decode_frames(stream, opening, path.name):
            try:
                yield decode_row(frame.payload)
            except ValueError as error:
                raise CorruptData(
                    f"a row before byte {frame.end} of the journal {path.name} does not decode"
                ) from error


def read_frames(path: Path, start: int = 0) -> Iterator[Frame]:
    """The payloads of rows as they are written, each with the offset at which the next begins.

    Args:
        path: The journal, which may be written meanwhile.
        start: Where an earlier call ended; 0 for the first row.

    Raises:
        NotFound: There is no such file.
        CorruptData: The file is damaged.
        UnsupportedFormat: A newer release wrote it.
        Unavailable: The file cannot be read now.
    """
    with _opened(path) as stream:
        opening = decode_header(stream, path.name)
        if start:
            stream.seek(start)
            opening = opening._replace(end=start)
        yield from decode_frames(stream, opening, path.name)


@contextmanager
def _opened(path: Path) -> Generator[BinaryIO]:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError as error:
        raise NotFound(f"there is no journal {path}", hint="a run without logged rows has none") from error
    except OSError as error:
        raise refusal(error, path) from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise CorruptData(f"{path} is not a journal", hint="it is not a regular file")
        with os.fdopen(descriptor, "rb", buffering=1 << 18, closefd=False) as stream:
            yield stream
    except OSError as error:
        raise refusal(error, path) from error
    finally:
        os.close(descriptor)
