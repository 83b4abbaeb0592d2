"""Files that are written beside their paths, and renamed when they are whole.

Twenty thousand small files are a usual version, so a file costs four calls of the system and no more.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from rollbook.blobs.files import write_fully
from rollbook.blobs.oserrors import write_error
from rollbook.blobs.store import Buffer
from rollbook.model.errors import RollbookError

_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW


class Target:
    """A file that appears under its paths only when it is kept. A context manager.

    Args:
        paths: Where it goes; at least one.

    Attributes:
        temporary: Where it lies until then, beside the first.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = paths
        self.temporary = _beside(paths[0])
        self._kept = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if not self._kept:
            self.temporary.unlink(missing_ok=True)

    def prepare(self) -> None:
        """Make the folder.

        Raises:
            StorageFull: It cannot be made.
        """
        try:
            self.temporary.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._error(error) from error

    def write(self, data: Buffer) -> None:
        """Write the whole file.

        Raises:
            StorageFull: No room.
        """
        try:
            descriptor = self._create()
            try:
                write_fully(descriptor, [data] if len(data) else [])
            finally:
                os.close(descriptor)
        except OSError as error:
            raise self._error(error) from error

    def write_at(self, data: Buffer, offset: int) -> None:
        """Write a part of the file, which exists.

        Raises:
            StorageFull: No room.
        """
        try:
            descriptor = os.open(self.temporary, os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
            try:
                os.lseek(descriptor, offset, os.SEEK_SET)
                write_fully(descriptor, [data])
            finally:
                os.close(descriptor)
        except OSError as error:
            raise self._error(error) from error

    def keep(self) -> None:
        """Let the file appear, under all its paths.

        Raises:
            StorageFull: No room.
        """
        try:
            for path in self._paths[1:]:
                _copy(self.temporary, path)
            self.temporary.rename(self._paths[0])
        except OSError as error:
            raise self._error(error) from error
        self._kept = True

    def _create(self) -> int:
        try:
            return os.open(self.temporary, _FLAGS, 0o666)
        except FileNotFoundError:
            self.prepare()
            return os.open(self.temporary, _FLAGS, 0o666)

    def _error(self, error: OSError) -> RollbookError:
        return write_error(error, str(self.temporary.parent))


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name[:100]}.{os.urandom(8).hex()}.part")


def _copy(source: Path, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = _beside(path)
    try:
        shutil.copyfile(source, beside)
        beside.rename(path)
    finally:
        beside.unlink(missing_ok=True)
