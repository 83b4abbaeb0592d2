"""What people have sent to a project: whose it is, how long it counts, and what is left when it no longer does."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection

from rollbook.catalog import uploads
from rollbook.catalog.rows import ProjectRow

DAY = 1000


def name(number: int) -> bytes:
    return number.to_bytes(32, "big")


def add(
    connection: Connection, project: ProjectRow, numbers: range, actor: str = "user:ana", at: int = 0
) -> uploads.UploadRow | None:
    entries = {name(number): 10 for number in numbers}
    uploads.add(connection, project, actor, entries, at=at, expires_at=at + DAY)
    return uploads.find(connection, project, actor)


def held(connection: Connection, project: ProjectRow, numbers: range, actor: str = "user:ana", at: int = 1) -> set[int]:
    upload = uploads.find(connection, project, actor)
    found = uploads.held(connection, upload, [name(one) for one in numbers], at=at) if upload else set()
    return {int.from_bytes(one, "big") for one in found}


def test_it_is_held_by_who_sent_it(connection: Connection, project: ProjectRow) -> None:
    upload = add(connection, project, range(1200))
    assert upload is not None
    assert (upload.entries, upload.bytes) == (1200, 12_000)
    assert held(connection, project, range(1100, 1300)) == set(range(1100, 1200))
    assert held(connection, project, range(10), "user:bo") == set()


def test_the_same_again_counts_once_and_lives_longer(connection: Connection, project: ProjectRow) -> None:
    add(connection, project, range(10))
    add(connection, project, range(5, 15), at=500)
    assert uploads.forget_expired(connection, at=1) == 0
    assert uploads.pending_bytes(connection, project) == 150
    assert held(connection, project, range(20), at=DAY) == set(range(5, 15))


@pytest.mark.parametrize("again", [False, True])
def test_what_no_longer_counts_is_removed(connection: Connection, project: ProjectRow, *, again: bool) -> None:
    add(connection, project, range(10))
    add(connection, project, range(10, 12), "user:bo")
    if again:
        add(connection, project, range(20, 21), at=DAY)
    assert uploads.forget_expired(connection, at=DAY) == 12
    assert uploads.forget_expired(connection, at=DAY) == 0
    assert uploads.pending_bytes(connection, project) == (10 if again else 0)
    assert len(list(uploads.in_use(connection, at=0))) == (1 if again else 0)


def test_all_that_counts_is_in_use(connection: Connection, project: ProjectRow) -> None:
    add(connection, project, range(3))
    add(connection, project, range(2, 5), "user:bo", at=500)
    assert sorted(uploads.in_use(connection, at=DAY)) == [name(2), name(3), name(4)]
