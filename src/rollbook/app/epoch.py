"""Epochs: how a commit can be sure that the bytes it names stay, though packs are being collected beside it.

Whoever is about to store or to name bytes first observes the epoch: from then on its process does without the packs
that are condemned in it. The transaction that names the bytes holds the epoch. Where it has moved on, the bytes are
looked for once more, without the packs that were condemned meanwhile.
"""

from __future__ import annotations

from collections.abc import Collection

from rollbook.app.register import Register
from rollbook.catalog import Connection, space
from rollbook.catalog.space import SpaceState
from rollbook.model.digest import Digest
from rollbook.model.errors import MissingBytes
from rollbook.model.manifest import Manifest


def observe(register: Register) -> int:
    """Go on in the current epoch, and return it. Call it before storing bytes that a version will name."""
    with register.catalog.read() as connection:
        return _observe(register, connection, space.state(connection))


def check_stored(register: Register, manifest: Manifest, blob: Digest | None = None) -> int:
    """Check that every blob of a manifest is stored whole, and return the epoch in which it is.

    Args:
        register: The register.
        manifest: What is to be named.
        blob: Where the manifest is stored, if it is already.

    Raises:
        MissingBytes: One is not; the message names its path.
    """
    epoch = observe(register)
    _check(register, manifest, blob)
    return epoch


def hold(register: Register, connection: Connection, manifest: Manifest, blob: Digest, epoch: int) -> None:
    """Keep what a version names from being collected until the transaction ends. Call it before any other lock.

    Args:
        register: The register.
        connection: The transaction that commits the version.
        manifest: What the version names.
        blob: Where the manifest is stored.
        epoch: What `check_stored` returned.

    Raises:
        MissingBytes: A blob was collected since.
    """
    now = space.hold(connection)
    if now.epoch == epoch:
        return
    _observe(register, connection, now)
    _check(register, manifest, blob)


def _observe(register: Register, connection: Connection, now: SpaceState) -> int:
    known = register.blobs.epoch
    if known is None or now.epoch > known:
        register.blobs.observe(now.epoch, space.hidden(connection))
    return now.epoch


def _check(register: Register, manifest: Manifest, blob: Digest | None) -> None:
    if blob is not None and register.blobs.incomplete([blob]):
        raise MissingBytes(f"the manifest is not stored: {blob}", hint="upload it first")
    named: Collection[Digest] = {entry.stored for entry in manifest.entries if entry.stored is not None}
    missing = register.blobs.incomplete(named)
    for entry in manifest.entries if missing else ():
        if entry.stored in missing:
            raise MissingBytes(f"the bytes of {entry.path!r} are not stored: {entry.stored}", hint="upload them first")
