"""One server per data directory. Programs that log embedded may use the directory beside it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from rollbook.model.errors import StorageFull, Unavailable

LOCK = ".rollbook-server.lock"


@contextmanager
def hold(root: Path) -> Generator[None]:
    """Be the only server of a data directory while the block lasts.

    Raises:
        Unavailable: Another one is.
        StorageFull: The directory cannot be written.
    """
    try:
        descriptor = os.open(root / LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StorageFull(
            f"{str(root)!r} cannot be served: {error.strerror}", hint="a server needs to write"
        ) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
            raise Unavailable(
                f"{str(root)!r} is served already, by process {holder}",
                hint="use that server, or stop it; several servers need ROLLBOOK_DATABASE=postgresql://...",
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)
