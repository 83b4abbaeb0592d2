"""Saved views: searches under a name, private or shared with everybody who may read the project."""

from __future__ import annotations

from typing import cast

from rollbook.app.paging import number_in, word_of
from rollbook.app.register import Register
from rollbook.app.search import read_query
from rollbook.catalog import search_views
from rollbook.catalog.search_views import ViewRow
from rollbook.model.canonical import JSON, decode
from rollbook.model.errors import Forbidden, InvalidInput
from rollbook.model.names import check_name
from rollbook.model.permission import Action
from rollbook.model.query import parse_sort
from rollbook.model.query.answers import MAX_COLUMNS, NewView, SavedView, SearchTarget, ViewPage
from rollbook.model.query.parser import parse_field

_READS: dict[SearchTarget, Action] = {"versions": "version.read", "runs": "run.read"}
PAGE = 1000


def save_view(register: Register, project: str, new: NewView) -> SavedView:
    """Save a search under a name, in place of the caller's own of that name.

    Raises:
        InvalidInput: Name, query, order or a column is wrong.
        AlreadyExists: Somebody else shares a view of this name.
        Forbidden: The actor may not save views here, or not read what the view searches.
    """
    resource = register.allow("view.write", project, check_name(new.name, "view"))
    register.allow(_reads(new.target), project)
    _check(new)
    with register.catalog.write() as connection:
        row = register.project(connection, project)
        saved = search_views.save(connection, row, new, register.act())
        details: dict[str, JSON] = {"shared": new.shared, "target": new.target, "query": new.query}
        register.record(connection, row, "view.save", resource, details)
        return _facts(project, saved)


def get_view(register: Register, project: str, name: str) -> SavedView:
    """The caller's own view of this name, else the shared one.

    Raises:
        NotFound: There is none that the caller may see.
    """
    register.allow("version.read", project)
    with register.catalog.read() as connection:
        found = search_views.get(connection, register.project(connection, project), name, register.actor.name)
    register.allow(_reads(cast(SearchTarget, found.target)), project)
    return _facts(project, found)


def list_views(register: Register, project: str, *, after: str | None = None, limit: int = PAGE) -> ViewPage:
    """Own and shared views of a project, oldest first. `after` is `next` of the page before."""
    register.allow("version.read", project)
    with register.catalog.read() as connection:
        row = register.project(connection, project)
        page = search_views.list_page(connection, row, register.actor.name, after=number_in(after) or 0, limit=limit)
    return ViewPage(tuple(_facts(project, view) for view in page.items), word_of(page.next))


def remove_view(register: Register, project: str, name: str) -> SavedView:
    """Take one's own view away.

    Raises:
        NotFound: There is none that the caller may see.
        Forbidden: It is somebody else's.
    """
    resource = register.allow("view.write", project, name)
    with register.catalog.write() as connection:
        row = register.project(connection, project)
        found = search_views.get(connection, row, name, register.actor.name)
        if found.owner != register.actor.name:
            raise Forbidden(f"view {name!r} belongs to {found.owner}", hint="its owner may take it away")
        search_views.remove(connection, found)
        register.record(connection, row, "view.remove", resource, {"shared": found.shared, "query": found.query})
        return _facts(project, found)


def _reads(target: SearchTarget) -> Action:
    if target not in _READS:
        raise InvalidInput(f"{target!r} cannot be searched", hint=f"one of {', '.join(_READS)}")
    return _READS[target]


def _check(new: NewView) -> None:
    read_query(new.query, new.target)
    parse_sort(new.sort, new.target)
    if len(new.columns) > MAX_COLUMNS:
        raise InvalidInput(f"{len(new.columns)} columns", hint=f"at most {MAX_COLUMNS}")
    for column in new.columns:
        parse_field(column, new.target)


def _facts(project: str, row: ViewRow) -> SavedView:
    return SavedView(
        project=project,
        name=row.name,
        owner=row.owner,
        shared=row.shared,
        target=cast(SearchTarget, row.target),
        query=row.query,
        sort=row.sort,
        columns=tuple(cast("list[str]", decode(row.columns))),
        created_at=row.created_at,
        changed_at=row.changed_at,
    )
