"""A register in a temporary folder, and the same register seen by actors of other roles."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from rollbook.app import commits, datadir
from rollbook.app.register import Register
from rollbook.model.facts import Committed, NewVersion
from rollbook.model.manifest import build, file_entry
from rollbook.model.permission import Actor, Role

START = 1_790_000_000_000_000
Commit = Callable[..., Committed]


@pytest.fixture
def register(tmp_path: Path) -> Register:
    """Its clock advances by a millisecond at every look; its randomness counts."""
    ticks, numbers = itertools.count(START, 1000), itertools.count(1)
    return datadir.open_directory(
        tmp_path / "data",
        user="user:ana",
        clock=lambda: next(ticks),
        random=lambda size: next(numbers).to_bytes(size, "little"),
        create=True,
    )


@pytest.fixture
def commit(register: Register) -> Commit:
    """Commit a version of one file."""

    def make(
        collection: str, data: bytes, *, kind: str = "dataset", project: str = "math", **more: object
    ) -> Committed:
        with register.blobs.writer() as writer:
            stored = writer.add_bytes(data)
            writer.commit()
        manifest = build([file_entry("file.txt", stored.digest, stored.size)])
        return commits.commit(
            register, NewVersion(project=project, collection=collection, type=kind, manifest=manifest, **more)
        )

    return make


@pytest.fixture
def as_role(register: Register) -> Callable[..., Register]:
    """The same register, used by somebody else."""

    def change(role: Role, organisation: str = datadir.ORGANISATION) -> Register:
        return replace(register, actor=Actor(f"user:{role}", organisation, role))

    return change
