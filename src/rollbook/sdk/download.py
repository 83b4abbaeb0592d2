"""Writing a version's files below a folder, and checking such a folder. No manifest can make it leave the folder."""

from __future__ import annotations

import errno
import secrets
import shutil
import stat
from collections.abc import Generator, Iterable, Mapping, Sequence
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
    targets = _targets(root, [check_path(entry.path) for entry in entries])
    with _told_plainly(root):
        there = _prepare(root, targets)
        wanted: list[tuple[Digest, Path]] = []
        for entry in entries:
            target = targets[entry.path]
            if entry.stored is not None and not (
                there.get(entry.path) == entry.size and hash_file(target) == entry.stored
            ):
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


def _prepare(root: Path, targets: Mapping[str, Path]) -> dict[str, int]:
    """Make the folders; take away what must not be written through. Gives the sizes of the files that are there."""
    root.mkdir(parents=True, exist_ok=True)
    for folder in {target.parent for target in targets.values()}:
        folder.mkdir(parents=True, exist_ok=True)
    sizes: dict[str, int] = {}
    for path, target in targets.items():
        try:
            found = target.lstat()
        except FileNotFoundError:
            continue
        if stat.S_ISLNK(found.st_mode):
            target.unlink()
        elif stat.S_ISDIR(found.st_mode):
            raise IsADirectoryError(errno.EISDIR, "a folder stands where a file has to be", str(target))
        elif stat.S_ISREG(found.st_mode):
            sizes[path] = found.st_size
    return sizes


def _targets(root: Path, paths: Iterable[str]) -> dict[str, Path]:
    """Where each file goes; each folder is looked at once."""
    folders = {"": root}
    targets: dict[str, Path] = {}
    for path in paths:
        folder, _, name = path.rpartition("/")
        if folder not in folders:
            folders[folder] = _folder(root, root / folder, path)
        targets[path] = folders[folder] / name
    return targets


def _folder(root: Path, folder: Path, path: str) -> Path:
    for above in (folder, *folder.parents):
        if above == root:
            break
        if above.is_symlink():
            raise InvalidInput(f"{str(above)!r} is a link: {path!r} might leave {str(root)!r}", hint="remove the link")
    return folder


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
