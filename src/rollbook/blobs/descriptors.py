"""Descriptors of the objects of a local store that were read last."""

from __future__ import annotations

import errno
import os
import stat
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from threading import Lock

_OPEN_FILES = 64
_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


class Descriptors:
    """Descriptors of the objects read last. One in use is closed only when its last borrower gives it back."""

    def __init__(self) -> None:
        self._files: OrderedDict[str, _Shared] = OrderedDict()
        self._lock = Lock()

    def borrow(self, name: str, path_of: Callable[[str], Path]) -> _Shared:
        """The descriptor of an object, as a context manager.

        Args:
            name: Of the object.
            path_of: Where it lies; asked only when it is not open yet.

        Raises:
            OSError: It cannot be opened, or is no regular file.
        """
        with self._lock:
            found = self._files.get(name)
            if found is None:
                found = self._files[name] = _Shared(_open_regular(path_of(name)), self._lock)
                if len(self._files) > _OPEN_FILES:
                    self._files.popitem(last=False)[1].release()
            else:
                self._files.move_to_end(name)
            found.users += 1
            return found

    def forget(self, name: str) -> None:
        """Close an object's descriptor."""
        with self._lock:
            found = self._files.pop(name, None)
            if found is not None:
                found.release()

    def forget_all(self) -> None:
        """Close them all."""
        for name in tuple(self._files):
            self.forget(name)


class _Shared:
    def __init__(self, descriptor: int, lock: Lock) -> None:
        self._descriptor = descriptor
        self._lock = lock
        self.users = 1  # the table of open files itself

    def __enter__(self) -> int:
        return self._descriptor

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self.release()

    def release(self) -> None:
        """Give one use back; the caller holds the lock."""
        self.users -= 1
        if self.users == 0:
            os.close(self._descriptor)

    def __del__(self, close: Callable[[int], None] = os.close) -> None:
        if self.users > 0:
            close(self._descriptor)  # bound early: at the interpreter's end `os` may be gone


def _open_regular(path: Path) -> int:
    descriptor = os.open(path, _READ)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
    return descriptor
