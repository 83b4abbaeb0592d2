"""Backup and restore: all of a register in one folder, taken while others write.

- `backup.json`: what the backup is, written last; names the other two with their digests
- `catalog-<instant>.sqlite`: names and facts at one moment, whichever database they came from
- `objects-<instant>.txt`: every object that belongs to it, with its size
- `blobs/`: packs. They are immutable, so the next backup into the folder sends only new ones; none is ever removed
- `runs/`: journals. `keys/`: key files, only where they were asked for

Order: packs -> catalog -> packs and journals that came meanwhile -> list -> `backup.json`. A pack is published before
the row that names it, so every row of the copy finds its bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import msgspec

from rollbook.app import datadir, moving
from rollbook.app.datadir import Place
from rollbook.app.managing import require_administrator
from rollbook.app.moving import Options, Parts, Progress
from rollbook.app.register import Register
from rollbook.blobs import LocalStore, ObjectStore
from rollbook.blobs.copying import copy_objects, objects_of
from rollbook.catalog import Catalog
from rollbook.model.canonical import JSON, decode, encode
from rollbook.model.errors import AlreadyExists, CorruptData, NotFound, StorageFull, UnsupportedFormat
from rollbook.model.moving import Backup, Moved

MANIFEST = "backup.json"
FORMAT = 1
_BLOCK = 1024 * 1024


def backup(register: Register, folder: Path, *, with_keys: bool, progress: Progress) -> Backup:
    """Take a backup into a folder: a new one, or one with an earlier backup of the same register.

    Args:
        register: What to back up.
        folder: Where.
        with_keys: Whether key files go along. Whoever has them and the data can tell students apart.
        progress: Called with the number of bytes copied since the last call.

    Raises:
        AlreadyExists: The folder holds something else.
        Forbidden: Only an administrator may copy a register.
        StorageFull: No room, or no permission to write.
        Unavailable: Database or object store are away.
    """
    require_administrator(register)
    instance = datadir.read_marker(register.root).instance
    try:
        _prepare(folder, instance)
        return _take(register, folder, instance, with_keys=with_keys, progress=progress)
    except OSError as error:
        raise StorageFull(f"cannot write the backup to {str(folder)!r}: {error.strerror}") from error


def restore(folder: Path, target: Place, options: Options) -> Moved:
    """Make a register of a backup, in an empty place, and read all of it back.

    Raises:
        AlreadyExists: The place holds something else.
        CorruptData: The backup is not whole: something is missing, or was changed.
        NotFound: The folder is no backup.
        StorageFull: No room.
    """
    found = read_manifest(folder)
    _check_whole(folder, found)
    with _catalog_of(folder, found, target) as catalog:
        source = Parts(catalog, LocalStore(folder / datadir.BLOBS), folder, found.instance)
        return moving.move(source, target, options)


def read_manifest(folder: Path) -> Backup:
    """What the backup in a folder is.

    Raises:
        NotFound: There is none.
        CorruptData: Its description cannot be read.
        UnsupportedFormat: A newer release took it.
    """
    try:
        facts = cast("dict[str, Any]", decode((folder / MANIFEST).read_bytes()))
    except OSError as error:
        raise NotFound(f"{str(folder)!r} is no backup: {error.strerror}", hint=f"it has no {MANIFEST}") from error
    except ValueError as error:
        raise CorruptData(
            f"{MANIFEST} in {str(folder)!r} cannot be read: {error}", hint="use another backup"
        ) from error
    if facts.get("format") != FORMAT:
        raise UnsupportedFormat(f"{str(folder)!r} has format {facts.get('format')}", hint="upgrade Rollbook")
    try:
        return msgspec.convert(facts, Backup)
    except msgspec.ValidationError as error:
        raise CorruptData(
            f"{MANIFEST} in {str(folder)!r} cannot be read: {error}", hint="use another backup"
        ) from error


def _prepare(folder: Path, instance: str) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if (folder / MANIFEST).exists():
        other = read_manifest(folder).instance
        if other != instance:
            raise AlreadyExists(f"{str(folder)!r} holds a backup of register {other}", hint="name another folder")
        return
    ours = {datadir.BLOBS, datadir.RUNS, datadir.KEYS}
    known = ("catalog-", "objects-", ".rollbook-")
    foreign = [item.name for item in folder.iterdir() if item.name not in ours and not item.name.startswith(known)]
    if foreign:
        raise AlreadyExists(f"{str(folder)!r} holds other things ({min(foreign)})", hint="name a new or empty folder")


def _take(register: Register, folder: Path, instance: str, *, with_keys: bool, progress: Progress) -> Backup:
    at, store = register.clock(), LocalStore(folder / datadir.BLOBS)
    catalog, objects = folder / f"catalog-{at}.sqlite", folder / f"objects-{at}.txt"
    first = copy_objects(register.blobs.store, store, progress)
    register.catalog.snapshot(catalog)
    second = copy_objects(register.blobs.store, store, progress)
    journals = moving.copy_journals(register.root, folder)
    keys = moving.copy_keys(register.root, folder) if with_keys else 0
    _write(objects, "".join(_lines(store)).encode(), register)
    taken = Backup(
        format=FORMAT,
        instance=instance,
        at=at,
        catalog=catalog.name,
        catalog_digest=_digest(catalog),
        objects=objects.name,
        objects_digest=_digest(objects),
        journals=journals,
        keys=keys,
        sent=first.objects + second.objects,
        sent_bytes=first.bytes + second.bytes,
    )
    facts: dict[str, JSON] = msgspec.to_builtins(taken)
    _write(folder / MANIFEST, encode(facts) + b"\n", register)
    for older in (*folder.glob("catalog-*"), *folder.glob("objects-*")):
        if older not in (catalog, objects):
            older.unlink()
    return taken


def _lines(store: ObjectStore) -> Iterator[str]:
    return (f"{store.size(name)} {name}\n" for name in objects_of(store))


def _write(path: Path, data: bytes, register: Register) -> None:
    temporary = path.with_name(f".rollbook-{register.random(8).hex()}")
    temporary.touch(mode=0o600)
    temporary.write_bytes(data)
    moving.copy_file(temporary, path)
    temporary.unlink()


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _check_whole(folder: Path, found: Backup) -> None:
    """Before anything is written: is all there that the backup says it has?"""
    for name, digest in ((found.catalog, found.catalog_digest), (found.objects, found.objects_digest)):
        if Path(name).name != name or not (folder / name).is_file() or _digest(folder / name) != digest:
            raise CorruptData(f"{name} of the backup in {str(folder)!r} is missing or damaged", hint=_WHOLE)
    store = LocalStore(folder / datadir.BLOBS)
    for line in (folder / found.objects).read_text().splitlines():
        size, _, name = line.partition(" ")
        if store.size(name) != int(size):
            raise CorruptData(f"object {name} of the backup in {str(folder)!r} is missing or cut off", hint=_WHOLE)
    journals = sum(1 for _ in (folder / datadir.RUNS).glob("*/history.journal"))
    if journals < found.journals:
        raise CorruptData(f"the backup in {str(folder)!r} has {journals} journals of {found.journals}", hint=_WHOLE)


_WHOLE = "copy the whole folder of the backup, or use another one"


@contextmanager
def _catalog_of(folder: Path, found: Backup, target: Place) -> Generator[Catalog]:
    """The backup's catalog, brought up to this release's schema in a copy: a backup is never changed."""
    if (target.root / datadir.MARKER).exists():
        raise AlreadyExists(f"{str(target.root)!r} is a data directory already", hint="name a new or empty folder")
    target.root.mkdir(mode=0o700, parents=True, exist_ok=True)
    copy = target.root / ".rollbook-restore.sqlite"
    try:
        moving.copy_file(folder / found.catalog, copy)
        with Catalog.open(copy) as catalog:
            yield catalog
    except OSError as error:
        raise StorageFull(f"cannot restore to {str(target.root)!r}: {error.strerror}") from error
    finally:
        for file in target.root.glob(f"{copy.name}*"):
            file.unlink()
