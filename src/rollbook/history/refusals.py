"""What the operating system's refusals mean to the caller."""

from __future__ import annotations

import errno
from pathlib import Path

from rollbook.model.errors import StorageFull, Unavailable

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG}


def refusal(error: OSError, path: Path) -> Unavailable:
    """The error to raise for a failed call on `path`."""
    if error.errno in _FULL:
        return storage_full(path, error.strerror or "no room")
    return Unavailable(f"{path}: {error.strerror or error}", hint="check the disk and the permissions of the folder")


def storage_full(path: Path, reason: str) -> StorageFull:
    """The error for a row that did not fit; nothing of it stays in the file."""
    return StorageFull(
        f"{path}: {reason}; the row was not logged",
        hint="free space or raise the limit: logging goes on by itself as soon as a write fits",
    )
