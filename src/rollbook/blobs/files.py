"""Small steps on files and folders, each complete: no short reads, no short writes."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from rollbook.blobs.store import Buffer


def read_fully(descriptor: int, offset: int, buffer: memoryview) -> int:
    """Fill `buffer` from `offset` and return how much there was."""
    done = 0
    while done < len(buffer):
        got = os.preadv(descriptor, [buffer[done:]], offset + done)
        if got == 0:
            break
        done += got
    return done


def write_fully(descriptor: int, pieces: Sequence[Buffer]) -> int:
    """Write all pieces, however little the kernel takes at a time, and return their length."""
    rest = [view for view in map(memoryview, pieces) if len(view)]
    total = 0
    while rest:
        written = os.writev(descriptor, rest)
        total += written
        rest = _after(rest, written)
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
