"""From the operating system's error numbers to the error tree."""

from __future__ import annotations

import errno
import os
import shutil

from rollbook.model.errors import CorruptData, NotFound, RollbookError, SourceUnreadable, StorageFull, Unavailable

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_NOT_WRITABLE = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})
_NOT_AN_OBJECT = frozenset({errno.ELOOP, errno.EISDIR, errno.ENOTDIR, errno.ENXIO})


def write_error(error: OSError, root: str) -> RollbookError:
    """The named error for a failed write below `root`."""
    reason = os.strerror(error.errno) if error.errno else str(error)
    if error.errno in _FULL:
        return StorageFull(f"no room in {root} ({_free(root)}): {reason}", hint="free some space, then do it again")
    if error.errno in _NOT_WRITABLE:
        return StorageFull(f"cannot write to {root}: {reason}", hint="check the mount and the folder's owner and mode")
    return Unavailable(f"writing to {root} failed: {reason}", hint="check the device (dmesg), then do it again")


def read_error(error: OSError, name: str) -> RollbookError:
    """The named error for a failed read of object `name`."""
    if error.errno == errno.ENOENT:
        return NotFound(f"no object {name}")
    if error.errno in _NOT_AN_OBJECT:
        return CorruptData(
            f"object {name} is not a regular file", hint="something replaced it: restore it from a backup"
        )
    reason = os.strerror(error.errno) if error.errno else str(error)
    return Unavailable(f"reading object {name} failed: {reason}", hint="check the device and the folder's permissions")


def source_error(error: OSError | ValueError, path: str) -> RollbookError:
    """The named error for a file or stream that cannot be logged."""
    known = isinstance(error, OSError) and error.errno
    reason = os.strerror(known) if known else str(error)
    return SourceUnreadable(f"cannot read {path}: {reason}", hint="name an existing regular file that you may read")


def _free(root: str) -> str:
    try:
        return f"{shutil.disk_usage(root).free:,} bytes free"
    except OSError:
        return "free space unknown"
