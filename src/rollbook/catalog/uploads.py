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

from rollbook.catalog.dialect import insert_unless_present
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
        entries: How many chunks and blobs.
        bytes: Their plain bytes.
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
) -> UploadRow:
    """Note what a person has sent; what was noted already stays noted until the later of both times.

    Args:
        connection: The transaction.
        project: What it was sent to.
        actor: Who sent it.
        entries: Raw digest -> plain bytes of every chunk and blob.
        at: Now.
        expires_at: How long it counts.
    """
    upload = _ensure(connection, project, actor, at)
    lock(connection, uploads, upload.key)
    gone = _forget(connection, upload.key, at)
    known = held(connection, upload, entries.keys(), at=at)
    _renew(connection, upload, known, expires_at)
    fixed = {"organisation": project.organisation, "project": project.key, "upload": upload.key}
    new = {digest: size for digest, size in entries.items() if digest not in known}
    for batch in _batches(new.items()):
        rows = [fixed | {"digest": digest, "size": size, "expires_at": expires_at} for digest, size in batch]
        insert_unless_present(connection, upload_entries, rows)
    changed: dict[str, Any] = {
        "entries": uploads.c.entries + len(new) - gone[0],
        "bytes": uploads.c.bytes + sum(new.values()) - gone[1],
        "renewed_at": at,
    }
    connection.execute(update(uploads).where(uploads.c.key == upload.key).values(changed))
    found = find(connection, project, actor)
    assert found is not None  # made above, in this transaction
    return found


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
    """Plain bytes that people have sent to a project and that count still, or did until lately."""
    query = select(func.coalesce(func.sum(uploads.c.bytes), 0)).where(uploads.c.project == project.key)
    return int(connection.execute(query).scalar_one())


def forget_expired(connection: Connection, *, at: int) -> int:
    """Remove what no longer counts, in all projects.

    Returns:
        How many rows: at most 20,000 per person and project, so call it again until it is 0.
    """
    query = select(uploads.c.key).where(
        select(upload_entries.c.upload)
        .where(upload_entries.c.upload == uploads.c.key, upload_entries.c.expires_at <= at)
        .exists()
    )
    removed = 0
    for (key,) in connection.execute(query.order_by(uploads.c.key)).all():
        lock(connection, uploads, key)
        entries, size = _forget(connection, key, at)
        changed = {"entries": uploads.c.entries - entries, "bytes": uploads.c.bytes - size}
        connection.execute(update(uploads).where(uploads.c.key == key).values(changed))
        removed += entries
    return removed


def _ensure(connection: Connection, project: ProjectRow, actor: str, at: int) -> UploadRow:
    fixed = {"organisation": project.organisation, "project": project.key, "actor": actor}
    found = find(connection, project, actor)
    if found is None:
        insert_unless_present(connection, uploads, fixed | {"entries": 0, "bytes": 0, "renewed_at": at})
        found = find(connection, project, actor)
    assert found is not None  # inserted or present, in this transaction
    return found


def _forget(connection: Connection, key: int, at: int) -> tuple[int, int]:
    """Remove what no longer counts of one upload, a bounded number at a time: how many rows and plain bytes."""
    mine = (upload_entries.c.upload == key, upload_entries.c.expires_at <= at)
    query = select(upload_entries.c.digest, upload_entries.c.size).where(*mine).limit(_MOST_FORGOTTEN)
    rows = connection.execute(query).all()
    for batch in _batches(row[0] for row in rows):
        connection.execute(delete(upload_entries).where(*mine, upload_entries.c.digest.in_(batch)))
    return len(rows), sum(row[1] for row in rows)


def _renew(connection: Connection, upload: UploadRow, digests: Collection[bytes], expires_at: int) -> None:
    for batch in _batches(digests):
        query = update(upload_entries).where(
            upload_entries.c.upload == upload.key,
            upload_entries.c.digest.in_(batch),
            upload_entries.c.expires_at < expires_at,
        )
        connection.execute(query.values(expires_at=expires_at))


def _batches(items: Iterable[_Item]) -> Iterator[list[_Item]]:
    """The items in groups that fit into one statement."""
    left = iter(items)
    while batch := list(islice(left, _BATCH)):
        yield batch
