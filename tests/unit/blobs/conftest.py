"""Stores and seeded bytes for the tests of the room."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from rollbook.blobs import Blobs, MemoryStore


@pytest.fixture
def noise() -> Callable[..., bytes]:
    """Incompressible bytes, the same for the same seed."""

    def make(size: int, seed: int = 0) -> bytes:
        return random.Random(seed).randbytes(size)

    return make


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def blobs(store: MemoryStore) -> Blobs:
    return Blobs(store)
