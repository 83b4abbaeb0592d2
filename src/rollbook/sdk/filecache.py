"""What files were when they were last hashed, so that a folder of which 1 % changed is not read whole.

A file counts as unchanged where device, inode, size, modification time and change time are all the same. The change
time is the kernel's: a program that sets the modification time back still moves it. A file that changed within the last
two seconds is never remembered, because a second change in the same tick of the clock could not be told from the first;
where the file system tells fractions of a second, a tenth of one is enough.

The cache is derived: it can be deleted at any time, and a damaged one is ignored. It says what a file *was*; whether
the register still holds those bytes is asked of the register. See decision 0011.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple, TypeAlias

import msgspec

from rollbook.model.digest import Digest

FilePath: TypeAlias = str | Path
SETTLED_NS = 2_000_000_000
TICK_NS = 100_000_000
"""Longer than any tick of a clock that tells fractions of a second."""
MAX_FILES = 1_000_000
_CHECKSUM_BYTES = 32


class Look(NamedTuple):
    """What the file system says of a file: device, inode, mode, size in bytes, and two times in nanoseconds."""

    device: int
    inode: int
    mode: int
    size: int
    modified: int
    changed: int


_UNTRUSTED = Look(0, 0, 0, 0, 0, 0)
"""No file looks like this: what is remembered with it is a hint of what the file resembles, no more."""


class _Seen(msgspec.Struct, frozen=True, array_like=True):
    look: Look
    digest: bytes


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(dict[bytes, _Seen])


class FileCache:
    """The remembered files below one folder.

    Args:
        store: Folder of the cache files, or None to remember nothing.
        root: Absolute folder that holds all files in question; each root has a cache file of its own.
        now: Wall clock in nanoseconds. Looked at once, here: make the cache before the files are looked at.
    """

    def __init__(self, store: Path | None, root: Path, now: Callable[[], int]) -> None:
        # Against the time before the files were read: what happens to them meanwhile may fall into the same tick.
        self._began = now()
        self._path = store / f"{hashlib.sha256(os.fsencode(root)).hexdigest()[:32]}.files" if store else None
        self._seen = _load(self._path) if self._path else {}

    def known(self, path: FilePath, look: Look) -> Digest | None:
        """The digest of a file that looks as it did when it was hashed, or None."""
        seen = self._seen.get(os.fsencode(path))
        return Digest.of_raw("blake3", seen.digest) if seen is not None and seen.look == look else None

    def last(self, path: FilePath) -> Digest | None:
        """The digest a file had when it was last hashed, whatever it looks like now, or None."""
        seen = self._seen.get(os.fsencode(path))
        return Digest.of_raw("blake3", seen.digest) if seen is not None else None

    def remember(self, hashed: Mapping[FilePath, tuple[Look, Digest]]) -> None:
        """Remember files that were just hashed, with their looks from before.

        A look that is not settled, or is another now, is not remembered: only the digest is.
        """
        fresh = {
            os.fsencode(path): _Seen(look if _is_settled(path, look, self._began) else _UNTRUSTED, digest.raw)
            for path, (look, digest) in hashed.items()
        }
        if self._path is None or not fresh:
            return
        merged = fresh if len(self._seen) + len(fresh) > MAX_FILES else self._seen | fresh
        _save(self._path, merged)
        self._seen = merged


def look_at(path: FilePath) -> Look | None:
    """What the file system says of a file now, or None where it says nothing."""
    try:
        found = os.stat(path)  # noqa: PTH116 - texts, for the speed of 20,000 files
    except OSError:
        return None
    return Look(found.st_dev, found.st_ino, found.st_mode, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _is_settled(path: FilePath, look: Look, now: int) -> bool:
    fine = look.changed % 1_000_000_000 != 0 and look.modified % 1_000_000_000 != 0
    age = now - max(look.changed, look.modified)
    return age > (TICK_NS if fine else SETTLED_NS) and look_at(path) == look


def root_of(paths: Iterable[FilePath]) -> Path:
    """The deepest folder that holds all files."""
    return Path(os.path.commonpath({os.path.dirname(path) for path in paths}))  # noqa: PTH120


def _load(path: Path) -> dict[bytes, _Seen]:
    try:
        data = path.read_bytes()
        body, checksum = data[:-_CHECKSUM_BYTES], data[-_CHECKSUM_BYTES:]
        return _decoder.decode(body) if hashlib.sha256(body).digest() == checksum else {}
    except (OSError, msgspec.DecodeError):
        return {}


def _save(path: Path, seen: Mapping[bytes, _Seen]) -> None:
    """Replace the cache file; where that fails nothing is remembered, and nothing is lost."""
    body = _encoder.encode(seen)
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(body + hashlib.sha256(body).digest())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
