"""Collection with PostgreSQL and S3: two processes that share nothing else, one of which collects."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from rollbook.app import collect as collecting
from rollbook.app import commits, datadir, deletion, epoch, verify
from rollbook.app.datadir import Place
from rollbook.app.register import Register
from rollbook.model.errors import MissingBytes
from rollbook.model.facts import NewVersion
from rollbook.model.manifest import build, file_entry
from rollbook.model.space import DAY, EAGER

OLD = 31 * DAY


@pytest.fixture
def registers(postgres15, cloud, tmp_path) -> Iterator[list[Register]]:
    """One register, opened twice."""
    place = Place(tmp_path / "one", postgres15.fresh(), cloud(), allow_http=True)
    numbers = itertools.count(1)
    opened = [
        datadir.open_register(
            Place(tmp_path / name, place.database, place.store, allow_http=True),
            user="user:ana",
            clock=lambda: time.time_ns() // 1000,
            random=lambda size: next(numbers).to_bytes(size, "little"),
            create=name == "one",
        )
        for name in ("one", "one")
    ]
    yield opened
    for register in opened:
        register.catalog.close()
        register.blobs.close()


def send(register: Register, collection: str, *files: bytes) -> NewVersion:
    epoch.observe(register)
    with register.blobs.writer() as writer:
        stored = [writer.add_bytes(data) for data in files]
        manifest = build([file_entry(f"{number}.bin", one.digest, one.size) for number, one in enumerate(stored)])
        writer.add_bytes(manifest.stored_bytes())
        writer.commit()
    return NewVersion(project="math", collection=collection, type="dataset", manifest=manifest)


def noise(seed: int) -> bytes:
    return random.Random(seed).randbytes(300_000)


def delete_long_ago(register: Register, name: str) -> None:
    deletion.delete(replace(register, clock=lambda: time.time_ns() // 1000 - OLD), name, "math")


def test_space_is_freed_and_nothing_living_is_lost(registers: list[Register]) -> None:
    one, two = registers
    commits.commit(one, send(one, "data", noise(1), noise(2), noise(3)))
    commits.commit(two, send(two, "data", noise(1)))
    before = one.blobs.stats().stored_bytes
    delete_long_ago(one, "data:v0")
    done = collecting.collect(two, EAGER)
    assert done.removed >= 1
    assert one.blobs.stats().stored_bytes < before - 500_000
    for register in registers:
        assert verify.verify(register, None, "math").faults == ()


def test_whoever_leaned_on_what_went_is_refused_and_sends_again(registers: list[Register]) -> None:
    one, two = registers
    commits.commit(one, send(one, "data", noise(1)))
    delete_long_ago(one, "data:v0")
    leaning = send(two, "data", noise(1))
    assert collecting.collect(one, EAGER).removed == 1
    with pytest.raises(MissingBytes):
        commits.commit(two, leaning)
    commits.commit(two, send(two, "data", noise(1)))
    for register in registers:
        assert verify.verify(register, None, "math").faults == ()


def test_whoever_commits_while_bytes_are_copied_keeps_them(registers: list[Register]) -> None:
    one, two = registers
    commits.commit(one, send(one, "data", noise(1)))
    delete_long_ago(one, "data:v0")

    def interrupt(step: str) -> None:
        if step == "copied":
            commits.commit(two, send(two, "other", noise(1)))

    done = collecting.collect(one, EAGER, step=interrupt)
    assert (done.spared, done.removed) == (1, 0)
    assert verify.verify(two, None, "math").faults == ()
