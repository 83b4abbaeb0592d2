"""Writing a version's files below a folder, and checking such a folder. A hostile manifest cannot leave the folder."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from rollbook.model.digest import Digest
from rollbook.model.errors import CorruptData, InvalidInput, SourceUnreadable
from rollbook.model.manifest import Entry
from rollbook.model.names import check_path
from rollbook.sdk.files import sha256_file, walk
from rollbook.sdk.transport import Progress, Transport

_BLOCK = 8 * 1024 * 1024
_SHOWN = 5


def to_folder(entries: Sequence[Entry], root: Path, transport: Transport, progress: Progress | None) -> None:
    """Write entries below `root`; remote references are left where they are.

    Raises:
        InvalidInput: An entry would leave the folder, or two entries collide on this file system.
        CorruptData: Stored bytes do not match their digest.
    """
    root.mkdir(parents=True, exist_ok=True)
    targets = {entry.path: _target(root, entry.path) for entry in entries}
    wanted: list[tuple[Digest, Path]] = []
    for entry in entries:
        target = targets[entry.path]
        if entry.stored is not None and not _is_there(target, entry):
            target.parent.mkdir(parents=True, exist_ok=True)
            wanted.append((entry.stored, target))
        elif entry.stored is None and entry.uri.startswith("file:"):
            _copy_reference(entry, target)
    transport.fetch(wanted, progress=progress)
    for entry in entries:
        if entry.executable:
            targets[entry.path].chmod(0o755)


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
    checksum, _ = sha256_file(source)
    if f"sha256:{checksum}" != entry.checksum:
        raise CorruptData(f"{entry.uri} has changed since it was recorded", hint=f"expected {entry.checksum}")
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def check_folder(entries: Iterable[Entry], root: Path, name: str) -> None:
    """Compare a folder with a version.

    Raises:
        CorruptData: A file is missing, differs, or is not part of the version.
    """
    expected = {entry.path: entry for entry in entries}
    found = dict(walk(root))
    problems = [f"{path} is not part of it" for path in found if path not in expected]
    for path, entry in expected.items():
        if path not in found:
            if entry.stored is not None:
                problems.append(f"{path} is missing")
        elif entry.stored is not None and hash_file(found[path]) != entry.stored:
            problems.append(f"{path} differs")
    if problems:
        shown = "; ".join(sorted(problems)[:_SHOWN])
        raise CorruptData(f"{str(root)!r} is not {name}: {shown}", hint="download it again into an empty folder")
