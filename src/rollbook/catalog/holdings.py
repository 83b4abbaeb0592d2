"""What the versions of a project hold, as far as the catalog knows: their manifests, in the order they came."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, func, select

from rollbook.catalog.rows import ProjectRow
from rollbook.catalog.schema import memberships, versions
from rollbook.model.digest import Digest


class Extent(NamedTuple):
    """How far somebody has looked at the memberships of a project.

    Attributes:
        last: Key of the last membership looked at.
        living: How many up to there are not deleted: another number means that some came or went in between.
    """

    last: int
    living: int


class Held(NamedTuple):
    """A membership and the manifest of its version."""

    key: int
    manifest_blob: Digest


def extent(connection: Connection, project: ProjectRow, *, last: int | None = None) -> Extent:
    """How many living memberships a project has, up to the one with key `last` or up to its newest."""
    living = (memberships.c.project == project.key, memberships.c.deleted_at.is_(None))
    if last is not None:
        living = (*living, memberships.c.key <= last)
    newest, count = connection.execute(select(func.max(memberships.c.key), func.count()).where(*living)).one()
    return Extent(last if last is not None else int(newest or 0), int(count))


def after(connection: Connection, project: ProjectRow, last: int, *, limit: int) -> list[Held]:
    """The manifests of the living memberships behind the one with key `last`, in order."""
    query = (
        select(memberships.c.key, versions.c.manifest_blob)
        .join(versions, memberships.c.version == versions.c.key)
        .where(memberships.c.project == project.key, memberships.c.deleted_at.is_(None), memberships.c.key > last)
        .order_by(memberships.c.key)
        .limit(limit)
    )
    return [Held(int(key), blob) for key, blob in connection.execute(query)]
