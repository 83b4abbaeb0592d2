"""Collections: named sequences of versions of one type."""

from __future__ import annotations

from sqlalchemy import Connection, func, select, update

from rollbook.catalog.dialect import insert_unless_present
from rollbook.catalog.execution import builder, every, first
from rollbook.catalog.paging import Page, check_limit, page
from rollbook.catalog.rows import Act, CollectionRow, ProjectRow
from rollbook.catalog.schema import collections
from rollbook.model.errors import Conflict, NotFound

_collection = builder(CollectionRow)


def ensure(
    connection: Connection,
    project: ProjectRow,
    name: str,
    *,
    type: str,  # noqa: A002
    id: str,  # noqa: A002
    act: Act,
) -> CollectionRow:
    """Find a collection by name, or make it.

    Raises:
        Conflict: It exists and holds versions of another type.
    """
    values = {"organisation": project.organisation, "project": project.key, "id": id, "name": name, "type": type}
    values |= {"description": "", "created_at": act.at, "created_by": act.actor}
    insert_unless_present(connection, collections, values)
    found = get(connection, project, name)
    if found.type != type:
        raise Conflict(
            f"collection {name!r} holds versions of type {found.type!r}, not {type!r}",
            hint=f"use type={found.type!r}, or another name",
        )
    return found


def find(connection: Connection, project: ProjectRow, name: str) -> CollectionRow | None:
    """Find a collection by name, or None."""
    query = select(collections).where(collections.c.project == project.key, collections.c.name == name)
    return first(connection, query, _collection)


def get(connection: Connection, project: ProjectRow, name: str) -> CollectionRow:
    """Find a collection by name.

    Raises:
        NotFound: There is none; the hint names similar ones.
    """
    found = find(connection, project, name)
    if found is None:
        raise NotFound(f"no collection {name!r} in project {project.name!r}", hint=_hint(connection, project, name))
    return found


def _hint(connection: Connection, project: ProjectRow, name: str) -> str:
    similar = list_page(connection, project, containing=name[:4], limit=5).items
    known = similar or list_page(connection, project, limit=5).items
    return f"there is {', '.join(collection.name for collection in known)}" if known else "the project has none yet"


def describe(connection: Connection, collection: CollectionRow, text: str) -> None:
    """Set the description of a collection."""
    connection.execute(update(collections).where(collections.c.key == collection.key).values(description=text))


def list_page(
    connection: Connection,
    project: ProjectRow,
    *,
    type: str | None = None,  # noqa: A002
    containing: str = "",
    after: str = "",
    limit: int = 100,
) -> Page[CollectionRow, str]:
    """Collections by name, starting after the name `after`.

    Args:
        connection: The transaction.
        project: Where to look.
        type: Only collections of this type.
        containing: Only collections whose name contains this, in any case.
        after: The `next` of the page before.
        limit: Rows of the page.
    """
    query = select(collections).where(collections.c.project == project.key, collections.c.name > after)
    if type is not None:
        query = query.where(collections.c.type == type)
    if containing:
        query = query.where(func.lower(collections.c.name).contains(containing.lower(), autoescape=True))
    query = query.order_by(collections.c.name).limit(check_limit(limit) + 1)
    return page(every(connection, query, _collection), limit, lambda collection: collection.name)
