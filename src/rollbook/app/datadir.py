"""A data directory: where an embedded register lives, how it is made, and how it is recognised.

- `rollbook.json`: format version, required features, instance id; written last, so a directory with it is whole
- `catalog.sqlite`: names and facts
- `blobs/`: bytes by digest
- `runs/<run id>/`: the journal of each run
- `cache/`: what files were when they were hashed; derived
- `keys/`: pseudonym keys, one file per key domain; back them up elsewhere
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import msgspec

from rollbook.app.register import LOCAL, Register
from rollbook.blobs import Blobs
from rollbook.catalog import Catalog
from rollbook.model import ids
from rollbook.model.canonical import JSON, decode, encode
from rollbook.model.errors import CorruptData, InvalidInput, NotFound, StorageFull, UnsupportedFormat
from rollbook.model.permission import Actor

FORMAT = 1
MARKER = "rollbook.json"
CATALOG = "catalog.sqlite"
BLOBS = "blobs"
RUNS = "runs"
KEYS = "keys"
CACHE = "cache"
ORGANISATION = LOCAL
KNOWN_FEATURES: frozenset[str] = frozenset()


class Marker(msgspec.Struct, frozen=True):
    """What `rollbook.json` says.

    Attributes:
        format: Layout version.
        features: Features a reader must know.
        instance: Id of this register.
    """

    format: int
    features: tuple[str, ...]
    instance: str


def open_directory(
    root: Path, *, user: str, clock: Callable[[], int], random: Callable[[int], bytes], create: bool = False
) -> Register:
    """Open a data directory as its owner.

    Args:
        root: The directory.
        user: Name under which actions are recorded.
        clock: UTC microseconds.
        random: So many random bytes.
        create: Make it where it is not there.

    Raises:
        NotFound: It is not a data directory and `create` is False.
        InvalidInput: It holds other things, or cannot be made there.
        UnsupportedFormat: A newer release wrote it.
        StorageFull: The disk is full or read-only.
    """
    if not (root / MARKER).exists():
        if not create:
            raise NotFound(f"{str(root)!r} is not a data directory", hint="'rollbook init' makes one")
        _create(root, clock, random)
    read_marker(root)
    # A register on a read-only disk (an archive, a snapshot) is read; every write is refused with its reason.
    read_only = not os.access(root, os.W_OK)
    return Register(
        catalog=Catalog.open(root / CATALOG, read_only=read_only),
        blobs=Blobs.open_local(root / BLOBS, read_only=read_only),
        root=root,
        actor=Actor(user, ORGANISATION, "owner"),
        clock=clock,
        random=random,
    )


def read_marker(root: Path) -> Marker:
    """Read `rollbook.json`.

    Raises:
        CorruptData: It is not readable.
        UnsupportedFormat: It names a format or feature that this release does not know.
    """
    try:
        facts = cast("dict[str, Any]", decode((root / MARKER).read_bytes()))
        marker = Marker(int(facts["format"]), tuple(facts["features"]), str(facts["instance"]))
    except (ValueError, KeyError, TypeError) as error:
        raise CorruptData(f"{str(root / MARKER)!r} cannot be read: {error}", hint="restore it from a backup") from error
    unknown = sorted(set(marker.features) - KNOWN_FEATURES)
    if marker.format > FORMAT or unknown:
        raise UnsupportedFormat(
            f"{str(root)!r} has format {marker.format} and needs {', '.join(unknown) or 'a newer release'}",
            hint="upgrade Rollbook",
        )
    return marker


def _create(root: Path, clock: Callable[[], int], random: Callable[[int], bytes]) -> None:
    try:
        _prepare(root)
        Catalog.open(root / CATALOG, create=True).close()
        Blobs.open_local(root / BLOBS)
        instance = ids.uuid7(clock(), random(ids.RANDOM_BYTES))
        marker: dict[str, JSON] = {"format": FORMAT, "features": [], "instance": instance}
        _publish(root / MARKER, encode(marker) + b"\n", random(8).hex())
    except OSError as error:
        raise StorageFull(
            f"cannot make a data directory at {str(root)!r}: {error.strerror}", hint="name a writable folder"
        ) from error


def _prepare(root: Path) -> None:
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    ours = {BLOBS, RUNS, KEYS, CACHE, MARKER}
    names = (item.name for item in root.iterdir())
    foreign = [name for name in names if name not in ours and not name.startswith((CATALOG, ".rollbook-"))]
    if foreign:
        raise InvalidInput(
            f"{str(root)!r} holds other things ({', '.join(sorted(foreign)[:3])})", hint="name a new or empty folder"
        )
    for name in (BLOBS, RUNS, KEYS):
        (root / name).mkdir(mode=0o700, exist_ok=True)


def _publish(target: Path, data: bytes, nonce: str) -> None:
    """Write a small file so that it is whole or not there; where another process was first, its file stays."""
    temporary = target.parent / f".rollbook-{nonce}"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        try:
            os.link(temporary, target)
        except FileExistsError:
            return
    finally:
        temporary.unlink()
    sync_folder(target.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def publish_secret(target: Path, data: bytes, nonce: str) -> bytes:
    """Write a key file once; return what the file holds, which is another process's key where that was first."""
    _publish(target, data, nonce)
    return target.read_bytes()
