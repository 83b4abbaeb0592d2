"""A regular file that must not change while it is read.

It counts as unchanged when its size, modification and change times are the same after reading as before, and as many
bytes were read as it has.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Self

from rollbook.blobs.oserrors import source_error
from rollbook.model.errors import SourceChanged, SourceUnreadable

_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY


class RegularFile:
    """An open regular file and what it looked like at first. A context manager.

    Args:
        path: The file. A symbolic link is followed.

    Raises:
        SourceUnreadable: Missing, no permission, or not a regular file (on entering).
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._before: os.stat_result

    def __enter__(self) -> Self:
        try:
            self._descriptor = os.open(self._path, _FLAGS)
        except (OSError, ValueError) as error:
            raise source_error(error, str(self._path)) from error
        self._before = os.fstat(self._descriptor)
        if not stat.S_ISREG(self._before.st_mode):
            os.close(self._descriptor)
            kind = stat.filemode(self._before.st_mode)[0]
            raise SourceUnreadable(
                f"{self._path} is not a regular file (type {kind!r})",
                hint="log files or folders of files, not devices, pipes or sockets",
            )
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)

    @property
    def size(self) -> int:
        """Length in bytes when it was opened."""
        return self._before.st_size

    def read_into(self, view: memoryview) -> int:
        """Fill `view`; fewer bytes only at the end of the file."""
        done = 0
        try:
            while done < len(view) and (got := os.readv(self._descriptor, [view[done:]])):
                done += got
        except OSError as error:
            raise source_error(error, str(self._path)) from error
        return done

    def seek(self, position: int) -> None:
        """Go on reading at `position`."""
        os.lseek(self._descriptor, position, os.SEEK_SET)

    def check_unchanged(self, size: int) -> None:
        """Compare with what the file looked like at first.

        Args:
            size: How many bytes were read.

        Raises:
            SourceChanged: It looks different now.
        """
        now = os.fstat(self._descriptor)
        if size != self.size or _looks(now) != _looks(self._before):
            raise self.changed(now.st_size)

    def changed(self, size: int) -> SourceChanged:
        """The error that says so."""
        return SourceChanged(
            f"{self._path} changed while it was read ({self.size} bytes at first, {size} now)",
            hint="wait until its writer is done, then log it again; nothing was logged",
        )


def _looks(found: os.stat_result) -> tuple[int, int, int]:
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns
