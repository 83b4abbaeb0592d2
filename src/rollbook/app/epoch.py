"""Epochs: how a commit can be sure that the bytes it names stay, though packs are being collected beside it.

Whoever is about to store or to name bytes first observes the epoch: from then on its process does without the packs
that are condemned in it. The transaction that names the bytes holds the epoch: has it moved on, everything is looked at
again.
"""

from __future__ import annotations

from collections.abc import Iterable

from rollbook.app.register import Register
from rollbook.catalog import Connection, space
from rollbook.model.digest import Digest


def observe(register: Register) -> int:
    """Go on in the current epoch, and return it. Call it before storing bytes that a version will name."""
    with register.catalog.read() as connection:
        epoch = space.state(connection).epoch
        known = register.blobs.epoch
        condemned = space.hidden(connection) if known is None or epoch > known else frozenset[bytes]()
    if known is None or epoch > known:
        register.blobs.observe(epoch, condemned)
    return epoch


def stands(connection: Connection, epoch: int) -> bool:
    """Whether the epoch is still this one, and stays so until the transaction ends. Ask before any other lock."""
    return space.hold(connection).epoch == epoch


def incomplete(register: Register, digests: Iterable[Digest]) -> set[Digest]:
    """Those of some blobs that are not stored whole in the observed epoch."""
    return register.blobs.incomplete(digests)
