"""Reading ahead: while this process imports and opens the catalog, another stores the bytes of what will be logged.

Half of a short command's time is spent on imports, and they keep one processor busy; hashing can use the other. The
other process tells its results through the file cache and the store, where this one finds them as if a command before
had logged the same files; so nothing depends on it, and what goes wrong in it is met again, and told, here.
"""

from __future__ import annotations

import contextlib
import os
import signal
import stat
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from rollbook.sdk import settings
from rollbook.sdk.settings import Settings

WORTH_BYTES = 16 * 1024 * 1024
"""Less is read sooner than another process is made."""

_BLOBS = "blobs"
_CACHE = "cache"


@contextmanager
def reading_ahead(settled: Settings | None, path: str) -> Generator[Callable[[], None]]:
    """Begin to store a file, or the files below a folder, where that is worth another process.

    Leave the block with the process ended in any case.

    Args:
        settled: Where it will be logged; None to read nothing ahead.
        path: The file or folder.

    Yields:
        Call it before the files are asked for: it waits until they are stored.
    """
    child = os.fork() if settled is not None and _is_worth_it(settled, path) else None
    if settled is not None and child == 0:
        _store_and_exit(settled.data_dir, path)
    try:
        yield lambda: _wait_for(child)
    finally:
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            if child is not None and os.waitpid(child, os.WNOHANG) == (0, 0):
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)


def _wait_for(child: int | None) -> None:
    if child is not None:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(child, 0)


def _is_worth_it(settled: Settings, path: str) -> bool:
    here = settled.server is None and settled.elsewhere == settings.Elsewhere()
    if not here or not settled.file_cache or (os.cpu_count() or 1) < 2:
        return False
    if not (settled.data_dir / _BLOBS).is_dir() or not os.access(settled.data_dir, os.W_OK):
        return False
    return _holds_enough(Path(path))


def _holds_enough(path: Path) -> bool:
    """Whether it is a large file, or a folder with a file or folder in it: how large, only a walk would tell."""
    try:
        found = path.stat()
    except OSError:
        return False
    if stat.S_ISREG(found.st_mode):
        return found.st_size >= WORTH_BYTES
    return stat.S_ISDIR(found.st_mode) and any(path.iterdir())


def _store_and_exit(data_dir: Path, path: str) -> None:
    """What the other process does, whatever happens: it never returns, and nobody waits for its word."""
    try:
        _store(data_dir, path)
    finally:
        os._exit(0)


def _store(data_dir: Path, path: str) -> None:
    from rollbook.blobs import Blobs
    from rollbook.sdk import sources, upload
    from rollbook.sdk.artifact import FilePart

    draft = sources.draft(Path(path), "ahead", "any")
    files = [part.source for part in draft.parts.values() if isinstance(part, FilePart)]
    with Blobs.open_local(data_dir / _BLOBS).writer() as writer:
        upload.store_files(writer, files, data_dir / _CACHE)
        writer.commit()
