"""A data directory: where an embedded register lives, how it is made, and how it is recognised.

- `rollbook.json`: format version, required features, instance id; written last, so a directory with it is whole
- `catalog.sqlite`: names and facts
- `blobs/`: bytes by digest
- `runs/<run id>/`: the journal of each run
- `cache/`: what files were when they were hashed; derived
- `keys/`: pseudonym keys, one file per key domain; back them up elsewhere

The catalog may lie in a PostgreSQL database instead, and the blobs in an object store; the marker then says so, because
whoever opened such a directory without them would find an empty register.
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
CATALOG_ELSEWHERE = "catalog-elsewhere"
BLOBS_ELSEWHERE = "blobs-elsewhere"
KNOWN_FEATURES = frozenset({CATALOG_ELSEWHERE, BLOBS_ELSEWHERE})


class Place(msgspec.Struct, frozen=True):
    """Where the parts of a register lie.

    Attributes:
        root: The data directory: keys, journals and caches always.
        database: URL of the database with the catalog, or "" for the directory's own.
        store: URL of the object store with the blobs, or "" for the directory's own.
        allow_http: Whether the object store may be spoken to without TLS.
    """

    root: Path
    database: str = ""
    store: str = ""
    allow_http: bool = False

    def __repr__(self) -> str:
        return f"Place({str(self.root)!r}, database={bool(self.database)}, store={self.store!r})"  # no password

    @property
    def features(self) -> tuple[str, ...]:
        """What a reader of the data directory must know."""
        named = ((CATALOG_ELSEWHERE, self.database), (BLOBS_ELSEWHERE, self.store))
        return tuple(feature for feature, url in named if url)


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
    return open_register(Place(root), user=user, clock=clock, random=random, create=create)


def open_register(
    place: Place, *, user: str, clock: Callable[[], int], random: Callable[[int], bytes], create: bool = False
) -> Register:
    """Open a register as its owner, wherever its parts lie.

    Args:
        place: Where they lie.
        user: Name under which actions are recorded.
        clock: UTC microseconds.
        random: So many random bytes.
        create: Make what is not there: data directory, tables of the database. A bucket must exist.

    Raises:
        NotFound: There is no register and `create` is False.
        InvalidInput: The directory holds other things, keeps its parts elsewhere than is said, or a URL is wrong.
        MissingExtra: The library for the database or the object store is not installed.
        UnsupportedFormat: A newer release wrote it.
        StorageFull: The disk is full or read-only.
        Unavailable: Database or object store are away.
    """
    root = place.root
    if not (root / MARKER).exists():
        if not create:
            raise NotFound(f"{str(root)!r} is not a data directory", hint="'rollbook init' makes one")
        _create(place, clock, random)
    _check_place(read_marker(root), place)
    # A register on a read-only disk (an archive, a snapshot) is read; every write is refused with its reason.
    read_only = not os.access(root, os.W_OK)
    catalog = Catalog.open(
        place.database or root / CATALOG, create=create and bool(place.database), read_only=read_only
    )
    try:
        blobs = open_blobs(place, read_only=read_only)
    except BaseException:
        catalog.close()
        raise
    return Register(
        catalog=catalog,
        blobs=blobs,
        root=root,
        actor=Actor(user, ORGANISATION, "owner"),
        clock=clock,
        random=random,
    )


def open_blobs(place: Place, *, read_only: bool) -> Blobs:
    """The blobs of a register, wherever they lie."""
    if not place.store:
        return Blobs.open_local(place.root / BLOBS, read_only=read_only)
    from rollbook.blobs.cloud import open_cloud

    return open_cloud(place.store, place.root / CACHE, allow_http=place.allow_http, read_only=read_only)


def _check_place(marker: Marker, place: Place) -> None:
    """Whether the directory keeps its parts where the caller looks for them."""
    parts = (
        (CATALOG_ELSEWHERE, place.database, "catalog", "ROLLBOOK_DATABASE"),
        (BLOBS_ELSEWHERE, place.store, "blobs", "ROLLBOOK_STORE"),
    )
    for feature, url, what, variable in parts:
        elsewhere = feature in marker.features
        if elsewhere and not url:
            raise InvalidInput(f"{str(place.root)!r} keeps its {what} elsewhere", hint=f"say where: {variable}=URL")
        if url and not elsewhere:
            raise InvalidInput(
                f"{str(place.root)!r} holds its own {what}",
                hint="'rollbook migrate' moves a register; or name a new folder",
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


def _create(place: Place, clock: Callable[[], int], random: Callable[[int], bytes]) -> None:
    root = place.root
    try:
        prepare(place)
        Catalog.open(place.database or root / CATALOG, create=True).close()
        open_blobs(place, read_only=True).close()
        write_marker(place, ids.uuid7(clock(), random(ids.RANDOM_BYTES)), random(8).hex())
    except OSError as error:
        raise StorageFull(
            f"cannot make a data directory at {str(root)!r}: {error.strerror}", hint="name a writable folder"
        ) from error


def write_marker(place: Place, instance: str, nonce: str) -> None:
    """Make a folder that is whole a data directory; where another process was first, its marker counts."""
    marker: dict[str, JSON] = {"format": FORMAT, "features": list(place.features), "instance": instance}
    _publish(place.root / MARKER, encode(marker) + b"\n", nonce)


def prepare(place: Place) -> None:
    """Make the folders of a data directory that has no marker yet.

    Raises:
        InvalidInput: The folder holds other things.
    """
    root = place.root
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    ours = {BLOBS, RUNS, KEYS, CACHE, MARKER}
    names = (item.name for item in root.iterdir())
    foreign = [name for name in names if name not in ours and not name.startswith((CATALOG, ".rollbook-"))]
    if foreign:
        raise InvalidInput(
            f"{str(root)!r} holds other things ({', '.join(sorted(foreign)[:3])})", hint="name a new or empty folder"
        )
    for name in (RUNS, KEYS) if place.store else (BLOBS, RUNS, KEYS):
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
