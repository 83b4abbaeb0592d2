"""Small steps on files and folders, each complete: no short reads, no short writes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from rollbook.blobs.store import Buffer

_CALL_BYTES = 512 * 1024
"""One call of 4 MiB makes Linux look for pages of 2 MiB to cache it in: measured three to eight times slower."""
_CALL_PIECES = 1000  # below IOV_MAX (1024)


def read_fully(descriptor: int, offset: int, buffer: memoryview) -> int:
    """Fill `buffer` from `offset` and return how much there was."""
    done = 0
    while done < len(buffer):
        got = os.preadv(descriptor, [buffer[done:]], offset + done)
        if got == 0:
            break
        done += got
    return done


def write_fully(descriptor: int, pieces: Iterable[Buffer]) -> int:
    """Write all pieces, however little the kernel takes at a time, and return their length."""
    return sum(_write_batch(descriptor, batch) for batch in _batches(pieces))


def _batches(pieces: Iterable[Buffer]) -> Iterator[list[memoryview]]:
    """The pieces in groups of about `_CALL_BYTES`, large ones in slices."""
    batch: list[memoryview] = []
    size = 0
    for piece in pieces:
        view = memoryview(piece)
        for start in range(0, len(view), _CALL_BYTES):
            batch.append(view[start : start + _CALL_BYTES])
            size += len(batch[-1])
            if size >= _CALL_BYTES or len(batch) == _CALL_PIECES:
                yield batch
                batch, size = [], 0
    if batch:
        yield batch


def _write_batch(descriptor: int, batch: list[memoryview]) -> int:
    total = 0
    while batch:
        written = os.writev(descriptor, batch)
        total += written
        batch = _after(batch, written)
    return total


def _after(pieces: list[memoryview], written: int) -> list[memoryview]:
    """The pieces that are left once their first `written` bytes are gone (a short write may end inside one)."""
    for position, piece in enumerate(pieces):
        if written < len(piece):
            return [piece[written:], *pieces[position + 1 :]]
        written -= len(piece)
    return []


def make_durable(folder: Path) -> None:
    """Make the folder and those above it that are missing, each one durable."""
    if not folder.is_dir():
        make_durable(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
        fsync_folder(folder.parent)


def fsync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def scan(folder: Path) -> list[os.DirEntry[str]]:
    """The entries of a folder."""
    with os.scandir(folder) as entries:
        return list(entries)


def walk(folder: Path, prefix: str, start: str) -> Iterator[str]:
    """Names of files below a folder, links not followed, hidden ones left out.

    Args:
        folder: Where to begin; it may be missing.
        prefix: Put in front of each name.
        start: What names directly in the folder must begin with.
    """
    try:
        entries = scan(folder)
    except FileNotFoundError:
        return
    for entry in entries:
        if not entry.name.startswith(start) or entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from walk(folder / entry.name, f"{prefix}{entry.name}/", "")
        else:
            yield f"{prefix}{entry.name}"
