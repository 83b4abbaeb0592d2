"""Saved views: searches under a name. One owner's names are unique in a project, and so are those that are shared."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, delete, or_, select, update

from rollbook.catalog.execution import add, builder, every, first, lock
from rollbook.catalog.paging import Page, check_limit, page
from rollbook.catalog.rows import Act, ProjectRow, Row
from rollbook.catalog.schema import projects
from rollbook.catalog.search_schema import saved_views
from rollbook.model.canonical import encode
from rollbook.model.errors import AlreadyExists, NotFound
from rollbook.model.query.answers import NewView

MAX_VIEWS = 1000
"""Most views of one owner in one project."""


class ViewRow(Row, frozen=True, kw_only=True):
    """A saved view. `columns` is canonical JSON."""

    project: int
    name: str
    owner: str
    shared: bool
    target: str
    query: str
    sort: str
    columns: str
    created_at: int
    changed_at: int


_view = builder(ViewRow)


def save(connection: Connection, project: ProjectRow, new: NewView, act: Act) -> ViewRow:
    """Save a view, in place of the one that its owner has under this name.

    Raises:
        AlreadyExists: Another's shared view has the name, or the owner has too many.
    """
    lock(connection, projects, project.key)
    if new.shared:
        other = first(connection, _named(project, new.name).where(_SHARED, saved_views.c.owner != act.actor), _view)
        if other is not None:
            raise AlreadyExists(f"{other.owner} shares a view {new.name!r}", hint="choose another name")
    values: dict[str, Any] = {"shared": new.shared, "target": new.target, "query": new.query, "sort": new.sort}
    values |= {"columns": encode(list(new.columns)).decode(), "changed_at": act.at}
    own = first(connection, _named(project, new.name).where(saved_views.c.owner == act.actor), _view)
    if own is not None:
        connection.execute(update(saved_views).where(saved_views.c.key == own.key).values(values))
    else:
        _check_room(connection, project, act.actor)
        ends = {"organisation": project.organisation, "project": project.key, "name": new.name, "owner": act.actor}
        add(connection, saved_views, values | ends | {"created_at": act.at})
    return get(connection, project, new.name, act.actor)


_SHARED = saved_views.c.shared.is_(True)


def get(connection: Connection, project: ProjectRow, name: str, reader: str) -> ViewRow:
    """The reader's own view of this name, else the shared one.

    Raises:
        NotFound: There is none that the reader may see.
    """
    found = every(connection, _named(project, name).where(_seen_by(reader)), _view)
    if not found:
        known = ", ".join(view.name for view in list_page(connection, project, reader, limit=10).items)
        raise NotFound(f"no view {name!r} in project {project.name!r}", hint=f"there is {known}" if known else "")
    return next((view for view in found if view.owner == reader), found[0])


def list_page(
    connection: Connection, project: ProjectRow, reader: str, *, after: int = 0, limit: int = 1000
) -> Page[ViewRow, int]:
    """Views that a reader sees: own ones and shared ones, in the order in which they were made."""
    query = select(saved_views).where(saved_views.c.project == project.key, _seen_by(reader), saved_views.c.key > after)
    query = query.order_by(saved_views.c.key).limit(check_limit(limit) + 1)
    return page(every(connection, query, _view), limit, lambda view: view.key)


def remove(connection: Connection, view: ViewRow) -> None:
    """Take a view away."""
    connection.execute(delete(saved_views).where(saved_views.c.key == view.key))


def _named(project: ProjectRow, name: str) -> Any:
    return select(saved_views).where(saved_views.c.project == project.key, saved_views.c.name == name)


def _seen_by(reader: str) -> Any:
    return or_(saved_views.c.owner == reader, _SHARED)


def _check_room(connection: Connection, project: ProjectRow, owner: str) -> None:
    query = select(saved_views.c.key).where(saved_views.c.project == project.key, saved_views.c.owner == owner)
    if len(connection.execute(query.limit(MAX_VIEWS)).all()) == MAX_VIEWS:
        raise AlreadyExists(f"{owner} has {MAX_VIEWS:,} views in {project.name!r}", hint="take some away first")
