"""Frozen values that the room hands out, and the fault it reports."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from rollbook.model.digest import Digest


class BlobInfo(msgspec.Struct, frozen=True):
    """What a writer says about a blob it has taken in.

    Attributes:
        digest: BLAKE3 of the whole bytes.
        size: Length in bytes.
    """

    digest: Digest
    size: int


class Damage(msgspec.Struct, frozen=True):
    """One fault that `Blobs.verify` found.

    Attributes:
        object: Name of the stored object that holds the fault; empty when no object claims to hold the bytes.
        digest: The blob or chunk that cannot be read because of it, or None when the fault is in the object's frame.
        problem: What is wrong, in words.
    """

    object: str
    digest: Digest | None
    problem: str


class Stats(msgspec.Struct, frozen=True):
    """Sizes of a store, summed over its packs.

    A chunk that two processes stored at the same moment is counted twice.

    Attributes:
        logical_bytes: Plain length of all chunks.
        stored_bytes: What their entries and the recipes occupy in packs.
        packs: Number of packs.
        chunks: Number of chunks.
    """

    logical_bytes: int
    stored_bytes: int
    packs: int
    chunks: int


class Location(NamedTuple):
    """Where an entry lies, as an index record says.

    Attributes:
        pack: Raw id of the pack.
        kind: Entry kind (see `rollbook.blobs.codec`).
        offset: First byte of the stored payload in the pack.
        stored: Length of the stored payload.
        plain: Length of what it stands for (for a recipe: of the whole blob).
        stored_digest: BLAKE3 of the stored payload, raw.
    """

    pack: bytes
    kind: int
    offset: int
    stored: int
    plain: int
    stored_digest: bytes
