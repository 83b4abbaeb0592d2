"""Files that are written beside their paths, and renamed when they are whole."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from rollbook.blobs.oserrors import write_error
from rollbook.model.errors import RollbookError


class Target:
    """A file that appears under its paths only when it is kept. A context manager.

    Args:
        paths: Where it goes; at least one.

    Attributes:
        temporary: Where it lies until then, beside the first.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        first = paths[0]
        self._paths = paths
        self.temporary = first.with_name(f".{first.name[:100]}.{os.urandom(8).hex()}.part")

    def __enter__(self) -> Self:
        try:
            self.temporary.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._error(error) from error
        return self

    def __exit__(self, *_: object) -> None:
        self.temporary.unlink(missing_ok=True)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Write the whole file."""
        try:
            with self.temporary.open("xb") as file:
                file.write(data)
        except OSError as error:
            raise self._error(error) from error

    def write_at(self, data: bytes, offset: int) -> None:
        """Write a part of the file, which exists."""
        try:
            descriptor = os.open(self.temporary, os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
            try:
                view = memoryview(data)
                while view:
                    done = os.pwrite(descriptor, view, offset)
                    view, offset = view[done:], offset + done
            finally:
                os.close(descriptor)
        except OSError as error:
            raise self._error(error) from error

    def keep(self) -> None:
        """Let the file appear, under all its paths."""
        try:
            for path in self._paths[1:]:
                path.parent.mkdir(parents=True, exist_ok=True)
                beside = path.with_name(f".{path.name[:100]}.{os.urandom(8).hex()}.part")
                try:
                    shutil.copyfile(self.temporary, beside)
                    beside.replace(path)
                finally:
                    beside.unlink(missing_ok=True)
            self.temporary.replace(self._paths[0])
        except OSError as error:
            raise self._error(error) from error

    def _error(self, error: OSError) -> RollbookError:
        return write_error(error, str(self.temporary.parent))
