"""Uploads: what each person has sent to a project, for as long as no version may name it yet.

What is here was sent by that person, byte by byte, and is durable. It lets a version name it, and it keeps garbage
collection away from it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Connection, delete, func, select, update

from rollbook.catalog.dialect import insert_or_update, insert_unless_present
from rollbook.catalog.execution import builder, first, lock
from rollbook.catalog.rows import ProjectRow
from rollbook.catalog.uploads_schema import upload_entries, uploads

_BATCH = 500
_MOST_FORGOTTEN = 20_000


class UploadRow(msgspec.Struct, frozen=True):
    """What one person has sent to one project.

    Attributes:
        key: Key of the row.
        organisation: Key of the organisation.
        project: Key of the project.
        actor: Who sent it.
        entries: How many chunks and blobs; those that were sent twice count twice until `forget_expired` counts.
        bytes: Their plain bytes, counted likewise.
        renewed_at: When something was last added.
    """

    key: int
    organisation: int
    project: int
    actor: str
    entries: int
    bytes: int
    renewed_at: int


_upload = builder(UploadRow)
_Item = TypeVar("_Item")


def find(connection: Connection, project: ProjectRow, actor: str) -> UploadRow | None:
    """What a person has sent to a project, or None where that is nothing."""
    query = select(uploads).where(uploads.c.project == project.key, uploads.c.actor == actor)
    return first(connection, query, _upload)


def add(
    connection: Connection, project: ProjectRow, actor: str, entries: Mapping[bytes, int], *, at: int, expires_at: int
) -> None:
    """Note what a person has sent; what was noted already stays noted until the later time.

    Args:
        connection: The transaction.
        project: What it was sent to.
        actor: Who sent it.
        entries: Raw digest -> plain bytes of every chunk and blob.
        at: Now.
        expires_at: How long it counts.
    """
    key = _ensure(connection, project, actor, at)
    counted: dict[str, Any] = {
        "entries": uploads.c.entries + len(entries),
        "bytes": uploads.c.bytes + sum(entries.values()),
        "renewed_at": at,
    }
    # First, so that whoever sends for the same person waits here, and rows are taken in one order.
    connection.execute(update(uploads).where(uploads.c.key == key).values(counted))
    fixed = {"organisation": project.organisation, "project": project.key, "upload": key, "expires_at": expires_at}
    rows = [fixed | {"digest": digest, "size": size} for digest, size in entries.items()]
    if rows:
        insert_or_update(connection, upload_entries, rows, ("upload", "digest"), "expires_at")


def held(connection: Connection, upload: UploadRow, digests: Collection[bytes], *, at: int) -> set[bytes]:
    """Those of some raw digests that a person has sent, and that count beyond `at`."""
    found: set[bytes] = set()
    for batch in _batches(digests):
        query = select(upload_entries.c.digest).where(
            upload_entries.c.upload == upload.key,
            upload_entries.c.digest.in_(batch),
            upload_entries.c.expires_at > at,
        )
        found.update(bytes(row[0]) for row in connection.execute(query))
    return found


def in_use(connection: Connection, *, at: int) -> Iterator[bytes]:
    """Raw digest of every chunk and blob that somebody has sent and that counts beyond `at`, in all projects."""
    query = select(upload_entries.c.digest).where(upload_entries.c.expires_at > at)
    return (bytes(row[0]) for row in connection.execute(query.execution_options(yield_per=10_000)))


def pending_bytes(connection: Connection, project: ProjectRow) -> int:
    """Plain bytes that people have sent to a project and that count, or at most that until `forget_expired` counts."""
    query = select(func.coalesce(func.sum(uploads.c.bytes), 0)).where(uploads.c.project == project.key)
    return int(connection.execute(query).scalar_one())


def forget_expired(connection: Connection, *, at: int) -> int:
    """Remove what no longer counts, in all projects, and count what is left.

    Returns:
        How many rows: at most 20,000 per person and project, so call it again until it is 0.
    """
    return sum(
        _forget(connection, key, at)
        for (key,) in connection.execute(select(uploads.c.key).order_by(uploads.c.key)).all()
    )


def _ensure(connection: Connection, project: ProjectRow, actor: str, at: int) -> int:
    fixed = {"organisation": project.organisation, "project": project.key, "actor": actor}
    found = find(connection, project, actor)
    if found is None:
        insert_unless_present(connection, uploads, fixed | {"entries": 0, "bytes": 0, "renewed_at": at})
        found = find(connection, project, actor)
    assert found is not None  # inserted or present, in this transaction
    return found.key


def _forget(connection: Connection, key: int, at: int) -> int:
    """Remove what no longer counts of one upload, a bounded number at a time, and count the rest."""
    lock(connection, uploads, key)
    mine = upload_entries.c.upload == key
    old = select(upload_entries.c.digest).where(mine, upload_entries.c.expires_at <= at).limit(_MOST_FORGOTTEN)
    digests = [bytes(row[0]) for row in connection.execute(old)]
    for batch in _batches(digests):
        gone = delete(upload_entries).where(mine, upload_entries.c.digest.in_(batch))
        connection.execute(gone)
    left = select(func.count(), func.coalesce(func.sum(upload_entries.c.size), 0)).where(mine)
    entries, size = connection.execute(left).one()
    connection.execute(update(uploads).where(uploads.c.key == key).values(entries=int(entries), bytes=int(size)))
    return len(digests)


def _batches(items: Iterable[_Item]) -> Iterator[list[_Item]]:
    """The items in groups that fit into one statement."""
    left = iter(items)
    while batch := list(islice(left, _BATCH)):
        yield batch
