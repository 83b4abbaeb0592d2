"""Finding files on disk: which are regular, what lies below a folder, what a local reference's checksum is."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from rollbook.model.errors import InvalidInput, SourceUnreadable
from rollbook.model.manifest import Entry
from rollbook.model.names import check_path

_BLOCK = 1024 * 1024
_SHOWN = 5


def regular_file(path: Path) -> Path:
    """The absolute path of a regular file; a link given by name is followed.

    Raises:
        SourceUnreadable: It is missing, unreadable, or not a regular file.
    """
    problem = _problem(path)
    if problem:
        raise SourceUnreadable(f"{str(path)!r} {problem}", hint="name an existing, readable file")
    return path.resolve()


def _problem(path: Path) -> str:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return "does not exist"
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        return f"cannot be read: {getattr(error, 'strerror', None) or error}"
    if stat.S_ISDIR(mode):
        return "is a folder, not a file"
    if not stat.S_ISREG(mode):
        return "is not a regular file (a pipe, socket or device)"
    return "" if os.access(path, os.R_OK) else "is not readable"


def walk(folder: Path, *, follow_links: bool = False) -> Iterator[tuple[str, str]]:
    """Every regular file below a folder, sorted, as (relative path, absolute path).

    Raises:
        SourceUnreadable: No such folder, or it holds something that is neither file nor folder; all such are listed.
        InvalidInput: A name cannot be a path inside a version.
    """
    if not folder.is_dir():
        what = "is a file, not a folder" if folder.exists() else "does not exist"
        raise SourceUnreadable(f"{str(folder)!r} {what}", hint="name an existing folder")
    root = folder.resolve()
    refused: list[str] = []
    found = sorted(
        (check_path(_text(relative)), path)
        for relative, path in _scan(str(root), "", (root,), refused, follow_links=follow_links)
    )
    if refused:
        shown = ", ".join(repr(name) for name in sorted(refused)[:_SHOWN])
        raise SourceUnreadable(
            f"{str(folder)!r} holds {len(refused)} links, pipes, sockets or devices: {shown}",
            hint="remove them, or pass follow_links=True for links that stay inside the folder",
        )
    return iter(found)


def _scan(
    folder: str, prefix: str, trail: tuple[Path, ...], refused: list[str], *, follow_links: bool
) -> Iterator[tuple[str, str]]:
    """Walk `folder`, which is the last of `trail`: the real folders on the way from the root down."""
    try:
        with os.scandir(folder) as listing:
            children = list(listing)
    except OSError as error:
        raise SourceUnreadable(f"{folder!r} cannot be read: {error.strerror}") from error
    for child in children:
        relative = prefix + child.name
        target = _target(Path(child.path), trail, follow_links=follow_links) if child.is_symlink() else child
        if target is not None and target.is_dir():
            below = (*trail, Path(target))
            yield from _scan(os.fspath(target), f"{relative}/", below, refused, follow_links=follow_links)
        elif target is not None and target.is_file():
            yield relative, os.fspath(target)
        else:
            refused.append(relative)


def _target(link: Path, trail: tuple[Path, ...], *, follow_links: bool) -> Path | None:
    """Where a link leads, when that is below the root and holds none of the folders that led to the link."""
    try:
        target = link.resolve(strict=True)
    except (OSError, RuntimeError):
        return None
    leads_back = any(folder.is_relative_to(target) for folder in trail)
    return target if follow_links and target.is_relative_to(trail[0]) and not leads_back else None


def _text(name: str) -> str:
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise InvalidInput(f"file name {os.fsencode(name)!r} is not UTF-8", hint="rename the file") from error
    return name


def local_references(path: Path, name: str | None) -> Iterator[Entry]:
    """References to a local file, or to every file below a local folder, with SHA-256 and size."""
    if path.is_dir():
        for relative, source in walk(path):
            yield _local_reference(Path(source), f"{name.rstrip('/')}/{relative}" if name else relative)
    else:
        source = regular_file(path)
        yield _local_reference(source, name or source.name)


def _local_reference(source: Path, name: str) -> Entry:
    checksum, size = sha256_file(source)
    return Entry(path=check_path(name), kind="reference", uri=source.as_uri(), checksum=f"sha256:{checksum}", size=size)


def sha256_file(path: Path) -> tuple[str, int]:
    """SHA-256 (hex) and size of a file, read in blocks."""
    hasher, size = hashlib.sha256(), 0
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            hasher.update(block)
            size += len(block)
    return hasher.hexdigest(), size
