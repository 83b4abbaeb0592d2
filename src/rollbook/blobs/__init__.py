"""Bytes by digest: content-defined chunks in packs, over a small store protocol. Knows no names, projects or users.

The format is documented byte by byte in `docs/formats/blobs.md`.
"""

from __future__ import annotations

from rollbook.blobs.blobs import Blobs
from rollbook.blobs.chunkintake import ChunkIntake, SentRecipe, read_recipe
from rollbook.blobs.collect import Collector
from rollbook.blobs.digestset import DigestSet
from rollbook.blobs.exchange import Exchange
from rollbook.blobs.frames import Frame, FrameReader, write_frames
from rollbook.blobs.local import LocalStore
from rollbook.blobs.memory import MemoryStore
from rollbook.blobs.rewriting import Doomed
from rollbook.blobs.store import ObjectStore, ObjectWriter
from rollbook.blobs.survey import PackState, Survey
from rollbook.blobs.values import BlobInfo, Damage, Stats
from rollbook.blobs.wrappers import RetryingStore, VerifyingStore
from rollbook.blobs.writer import BlobWriter

__all__ = [
    "BlobInfo",
    "BlobWriter",
    "Blobs",
    "ChunkIntake",
    "Collector",
    "Damage",
    "DigestSet",
    "Doomed",
    "Exchange",
    "Frame",
    "FrameReader",
    "LocalStore",
    "MemoryStore",
    "ObjectStore",
    "ObjectWriter",
    "PackState",
    "RetryingStore",
    "SentRecipe",
    "Stats",
    "Survey",
    "VerifyingStore",
    "read_recipe",
    "write_frames",
]
