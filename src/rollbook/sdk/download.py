"""Writing a version's files below a folder, and checking such a folder. No manifest can make it leave the folder."""

from __future__ import annotations

import errno
import secrets
import shutil
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

from rollbook.model.digest import Digest
from rollbook.model.errors import CorruptData, InvalidInput, SourceUnreadable, StorageFull
from rollbook.model.manifest import Entry
from rollbook.model.names import check_path
from rollbook.sdk.files import sha256_file, walk
from rollbook.sdk.transport import Progress, Transport

_BLOCK = 8 * 1024 * 1024
_SHOWN = 5


def to_folder(
    entries: Sequence[Entry], root: Path, transport: Transport, project: str, progress: Progress | None
) -> None:
    """Write entries of a project's version below `root`; remote references are left where they are.

    Raises:
        InvalidInput: An entry would leave the folder, or something stands where a file or folder has to be.
        CorruptData: Stored bytes do not match their digest; no such file is written.
        StorageFull: No room, or the folder cannot be written.
    """
    targets = {entry.path: _target(root, entry.path) for entry in entries}
    with _told_plainly(root):
        _prepare(root, targets.values())
        wanted: list[tuple[Digest, Path]] = []
        for entry in entries:
            target = targets[entry.path]
            if entry.stored is not None and not _is_there(target, entry):
                wanted.append((entry.stored, target))
            elif entry.stored is None and entry.uri.startswith("file:"):
                _copy_reference(entry, target)
        transport.fetch(wanted, project, progress=progress)
        for entry in entries:
            if entry.executable:
                targets[entry.path].chmod(0o755)


@contextmanager
def _told_plainly(root: Path) -> Generator[None]:
    try:
        yield
    except OSError as error:
        where = f"{str(root)!r} cannot be written: {error.strerror or error}"
        if error.errno in (errno.EEXIST, errno.ENOTDIR, errno.EISDIR):
            raise InvalidInput(f"{where} ({error.filename!r})", hint="download into an empty folder") from error
        raise StorageFull(where, hint="free space, or name a folder that can be written") from error


def _prepare(root: Path, targets: Iterable[Path]) -> None:
    """Make the folders; take away what must not be written through."""
    root.mkdir(parents=True, exist_ok=True)
    for target in targets:
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.is_symlink():
            target.unlink()
        elif target.is_dir():
            raise IsADirectoryError(errno.EISDIR, "a folder stands where a file has to be", str(target))


def _target(root: Path, path: str) -> Path:
    target = root / check_path(path)
    folder = target.parent
    while folder != root:
        if folder.is_symlink():
            raise InvalidInput(f"{str(folder)!r} is a link: {path!r} might leave {str(root)!r}", hint="remove the link")
        folder = folder.parent
    return target


def _is_there(target: Path, entry: Entry) -> bool:
    """Whether the target already holds exactly the entry's bytes."""
    if target.is_symlink() or not target.is_file() or target.stat().st_size != entry.size:
        return False
    return hash_file(target) == entry.stored


def hash_file(path: Path) -> Digest:
    """BLAKE3 of a file, read in blocks."""
    from blake3 import blake3

    hasher = blake3(max_threads=blake3.AUTO)
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            hasher.update(block)
    return Digest("blake3", hasher.hexdigest())


def _copy_reference(entry: Entry, target: Path) -> None:
    source = Path(unquote(urlsplit(entry.uri).path))
    if not source.is_file():
        raise SourceUnreadable(f"reference {entry.uri} leads nowhere", hint="the file was moved or deleted")
    unfinished = target.with_name(f".{secrets.token_hex(8)}.part")
    try:
        shutil.copyfile(source, unfinished)
        if _checksum(unfinished) != entry.checksum:
            raise CorruptData(f"{entry.uri} has changed since it was recorded", hint=f"expected {entry.checksum}")
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)


def _checksum(path: Path) -> str:
    return f"sha256:{sha256_file(path)[0]}"


def check_folder(entries: Iterable[Entry], root: Path, name: str) -> None:
    """Compare a folder with a version.

    Raises:
        CorruptData: A file is missing, differs, or is not part of the version.
        SourceUnreadable: There is no such folder, or it holds links or other things that are no files.
    """
    expected = {entry.path: entry for entry in entries}
    found = dict(walk(root))
    problems = [f"{path} is not part of it" for path in found if path not in expected]
    for path, entry in expected.items():
        if path in found:
            problems.extend([f"{path} differs"] if _differs(Path(found[path]), entry) else [])
        elif entry.stored is not None or entry.uri.startswith("file:"):
            problems.append(f"{path} is missing")
    if problems:
        shown = "; ".join(sorted(problems)[:_SHOWN])
        raise CorruptData(f"{str(root)!r} is not {name}: {shown}", hint="download it again into an empty folder")


def _differs(path: Path, entry: Entry) -> bool:
    """Whether a file is not what the entry says. Nothing can be said of a reference without a SHA-256."""
    if entry.stored is not None:
        return hash_file(path) != entry.stored
    return entry.checksum.startswith("sha256:") and _checksum(path) != entry.checksum
