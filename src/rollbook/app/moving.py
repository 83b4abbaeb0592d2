"""All of a register, put into another place: what `migrate` and `restore` share.

Order: bulk of the packs and journals -> in one transaction of the target, as the source is at one moment: every row,
then the packs and journals that came meanwhile -> compare -> marker -> verify. Before the marker is written nothing
opens the target, and doing it all again goes on with what is there. So the target never names what it does not hold.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from rollbook.app import datadir, verify
from rollbook.app.datadir import Place
from rollbook.app.register import Register
from rollbook.blobs import Blobs, ObjectStore
from rollbook.blobs.copying import copy_objects, objects_of
from rollbook.catalog import Catalog, Connection, audit, copying
from rollbook.model.errors import AlreadyExists, CorruptData, InvalidInput
from rollbook.model.moving import Moved
from rollbook.model.names import check_name
from rollbook.model.permission import Actor
from rollbook.model.results import Fault

Progress = Callable[[int], None]
RENAME = "organisation.rename"
_JOURNAL = "history.journal"


class Parts(NamedTuple):
    """The parts of a register that is to be copied.

    Attributes:
        catalog: Names and facts.
        store: Packs.
        root: Folder with its journals and keys.
        instance: Its id, which the copy keeps: it is the same register.
    """

    catalog: Catalog
    store: ObjectStore
    root: Path
    instance: str


class Options(NamedTuple):
    """How to copy.

    Attributes:
        organisation: New name of the only organisation, or "" to leave names as they are.
        with_keys: Whether key files go along.
        user: Name under which the move is recorded.
        clock: UTC microseconds.
        random: So many random bytes.
        progress: Called with the number of bytes copied or read since the last call.
    """

    organisation: str
    with_keys: bool
    user: str
    clock: Callable[[], int]
    random: Callable[[int], bytes]
    progress: Progress


def move(source: Parts, target: Place, options: Options) -> Moved:
    """Copy a register into an empty place, and read all of it back.

    Raises:
        AlreadyExists: The place holds something else.
        CorruptData: What arrived is not what was sent, or the source is damaged.
        InvalidInput: There are several organisations to rename, or the folder holds other things.
        StorageFull: No room.
        Unavailable: A database or object store is away. Doing it again goes on.
    """
    if (target.root / datadir.MARKER).exists():
        raise AlreadyExists(f"{str(target.root)!r} is a data directory already", hint="name a new or empty folder")
    datadir.prepare(target)
    with _open(target) as (catalog, blobs):
        _check_objects(source.store, blobs.store)
        first = copy_objects(source.store, blobs.store, options.progress)
        copy_journals(source.root, target.root)
        with source.catalog.read() as rows, catalog.write() as into:
            copied = copying.copy(rows, into, lambda _: None)
            changed = _rename(into, options)
            second = copy_objects(source.store, blobs.store, options.progress)
            journals = copy_journals(source.root, target.root)
        _compare(catalog, copied, changed)
        with catalog.read() as connection:
            names = copying.names_of_organisations(connection)
    keys = copy_keys(source.root, target.root) if options.with_keys else 0
    datadir.write_marker(target, source.instance, options.random(8).hex())
    versions, faults = _verify(target, names, options)
    return Moved(
        data_dir=str(target.root),
        organisations=names,
        tables={name: rows for name, (rows, _) in copied.items()},
        objects=first.objects + second.objects,
        bytes=first.bytes + second.bytes,
        journals=journals,
        keys=keys,
        keys_left=len(keys_of(source.root)) - keys,
        versions=versions,
        faults=faults,
    )


@contextmanager
def _open(place: Place) -> Generator[tuple[Catalog, Blobs]]:
    with Catalog.open(place.database or place.root / datadir.CATALOG, create=True) as catalog:
        with catalog.read() as connection:
            if not copying.is_empty(connection):
                raise AlreadyExists("the target's catalog holds a register already", hint="name an empty database")
        with datadir.open_blobs(place, read_only=False) as blobs:
            yield catalog, blobs


def _check_objects(source: ObjectStore, target: ObjectStore) -> None:
    """What a cut-off attempt sent is all from this source; anything else belongs to somebody."""
    foreign = set(objects_of(target)) - set(source.list("packs/")) - set(source.list("index/"))
    if foreign:
        raise AlreadyExists(
            f"the target's store holds {len(foreign)} objects of another register, such as {min(foreign)}",
            hint="name an empty bucket, prefix or folder",
        )


def _rename(connection: Connection, options: Options) -> frozenset[str]:
    """Give the only organisation with projects its new name, with an audit entry; returns the tables that differ."""
    names = list(copying.names_with_projects(connection))
    if not options.organisation or not names or names == [options.organisation]:
        return frozenset()
    if len(names) > 1:
        raise InvalidInput(
            f"{len(names)} organisations have projects ({', '.join(names[:3])}), so which becomes "
            f"{options.organisation!r} is not clear",
            hint="leave --organisation out",
        )
    key = copying.rename(connection, names[0], check_name(options.organisation, "organisation"))
    values = audit.AuditValues(
        project=None,
        at=options.clock(),
        actor=options.user,
        action=RENAME,
        resource=f"{options.organisation}/",
        details={"from": names[0], "to": options.organisation},
    )
    audit.append(connection, key, values)
    return frozenset({"organisations", "audit"})


def _compare(catalog: Catalog, sent: copying.Fingerprint, changed: frozenset[str]) -> None:
    with catalog.read() as connection:
        arrived = copying.fingerprint(connection)
    wrong = [name for name, rows in sent.items() if arrived[name] != rows and name not in changed]
    if wrong:
        raise CorruptData(f"the rows of {', '.join(wrong)} arrived differently", hint="please report this")


def copy_journals(source: Path, target: Path) -> int:
    """Copy the journal of every run that is longer than its copy, and return how many journals there are."""
    journals = sorted((source / datadir.RUNS).glob(f"*/{_JOURNAL}"))
    (target / datadir.RUNS).mkdir(mode=0o700, parents=True, exist_ok=True)
    for journal in journals:
        folder = target / datadir.RUNS / journal.parent.name
        copy = folder / _JOURNAL
        if not copy.exists() or copy.stat().st_size != journal.stat().st_size:
            folder.mkdir(mode=0o700, exist_ok=True)
            copy_file(journal, copy)
    return len(journals)


def copy_file(source: Path, target: Path) -> None:
    """Copy a file so that it is whole or not there, durably, readable by its owner only."""
    temporary = target.with_name(f".rollbook-{target.name}")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with source.open("rb") as read, os.fdopen(descriptor, "wb") as write:
        shutil.copyfileobj(read, write)
        write.flush()
        os.fsync(write.fileno())
    temporary.replace(target)
    datadir.sync_folder(target.parent)


def copy_keys(source: Path, target: Path) -> int:
    """Copy every key file, and return how many there are."""
    (target / datadir.KEYS).mkdir(mode=0o700, parents=True, exist_ok=True)
    for key in keys_of(source):
        copy_file(key, target / datadir.KEYS / key.name)
    return len(keys_of(source))


def keys_of(root: Path) -> list[Path]:
    """Every key file of a data directory: pseudonym keys, and the pepper of its API keys."""
    return sorted(item for item in (root / datadir.KEYS).glob("*") if item.is_file() and item.name[0] != ".")


def _verify(place: Place, organisations: tuple[str, ...], options: Options) -> tuple[int, tuple[Fault, ...]]:
    """Read everything back, as the owner of each organisation."""
    register = datadir.open_register(place, user=options.user, clock=options.clock, random=options.random)
    versions, faults = 0, list[Fault]()
    try:
        for name in organisations:
            found = _of(register, name, options)
            versions += found.versions
            faults += [fault for fault in found.faults if fault not in faults]
    finally:
        register.catalog.close()
        register.blobs.close()
    return versions, tuple(faults)


def _of(register: Register, organisation: str, options: Options) -> verify.Verification:
    seen = replace(register, actor=Actor(options.user, organisation, "owner"))
    return verify.verify(seen, None, "default", progress=options.progress)
