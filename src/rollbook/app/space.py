"""Usage: the space that projects, collections and versions take. Computed exactly, and kept until something changes."""

from __future__ import annotations

from rollbook.app.measuring import measure
from rollbook.app.register import Register
from rollbook.catalog import Connection, collections, memberships, projects, space, usage
from rollbook.catalog.rows import OrganisationRow, ProjectRow
from rollbook.catalog.usage import Figures
from rollbook.model.permission import Resource, may
from rollbook.model.space import Level, Usage, UsageReport

_PAGE = 1000
MOST = 10_000
"""Most parts in one report; those that take most come first."""
_NOTHING = Figures(0, 0, 0)


def of_projects(register: Register) -> UsageReport:
    """Usage of every project whose usage the actor may read, the largest first."""
    with register.catalog.read() as connection:
        organisation = projects.get_organisation(connection, register.actor.organisation)
        found = projects.list_projects(connection, organisation, limit=_PAGE)
    mine = [row for row in found.items if _may_read(register, row.name)]
    at = _refresh(register, organisation)
    with register.catalog.read() as connection:
        rows = _rows(connection, organisation, "project", {row.key: row.name for row in mine})
    return UsageReport(rows=tuple(rows), at=at, complete=found.next is None)


def of_project(register: Register, project: str) -> UsageReport:
    """Usage of a project, then of its collections, the largest first."""
    register.allow("space.read", project)
    with register.catalog.read() as connection:
        organisation = projects.get_organisation(connection, register.actor.organisation)
        row = projects.get_project(connection, organisation, project)
    at = _refresh(register, organisation)
    names: dict[int, str] = {}
    after: str | None = ""
    with register.catalog.read() as connection:
        while after is not None and len(names) <= MOST:
            page = collections.list_page(connection, row, after=after, limit=_PAGE)
            names |= {one.key: one.name for one in page.items}
            after = page.next
        whole = _rows(connection, organisation, "project", {row.key: row.name})
        parts = _rows(connection, organisation, "collection", names)
    return UsageReport(rows=(*whole, *parts[:MOST]), at=at, complete=after is None)


def of_collection(register: Register, project: str, collection: str) -> UsageReport:
    """Usage of a collection, then of its versions, the largest first."""
    register.allow("space.read", project, collection)
    with register.catalog.read() as connection:
        organisation = projects.get_organisation(connection, register.actor.organisation)
        row = projects.get_project(connection, organisation, project)
        wanted = collections.get(connection, row, collection)
    at = _refresh(register, organisation)
    with register.catalog.read() as connection:
        names, complete = _versions(connection, row, collection)
        whole = _rows(connection, organisation, "collection", {wanted.key: collection})
        parts = _rows(connection, organisation, "version", names)
    return UsageReport(rows=(*whole, *parts), at=at, complete=complete)


def _versions(connection: Connection, project: ProjectRow, name: str) -> tuple[dict[int, str], bool]:
    collection = collections.get(connection, project, name)
    names: dict[int, str] = {}
    before: int | None = None
    while len(names) < MOST:
        page = memberships.list_page(connection, project, collection=collection, before=before, limit=_PAGE)
        names |= {one.key: one.name for one in page.items}
        if page.next is None:
            return names, True
        before = page.next
    return names, False


def _refresh(register: Register, organisation: OrganisationRow) -> int:
    """Compute the figures where they are not those of the catalog as it is; when they were computed."""
    with register.catalog.read() as connection:
        basis = space.basis(connection, organisation.key)
        known, at = usage.computed(connection, organisation.key)
    if known == basis:
        return at
    measured, at = measure(register, organisation.key), register.clock()
    with register.catalog.write() as connection:
        usage.keep(connection, organisation.key, basis, measured, at=at)
    return at


def _rows(connection: Connection, organisation: OrganisationRow, level: Level, names: dict[int, str]) -> list[Usage]:
    found: dict[int, Figures] = {}
    keys = list(names)
    for start in range(0, len(keys), _PAGE):
        found |= usage.of(connection, organisation.key, level, keys[start : start + _PAGE])
    rows = [_usage(level, name, found.get(key, _NOTHING)) for key, name in names.items()]
    return sorted(rows, key=lambda row: (-row.stored_bytes, row.name))


def _usage(level: Level, name: str, figures: Figures) -> Usage:
    return Usage(
        level=level,
        name=name,
        logical_bytes=figures.logical,
        stored_bytes=figures.stored,
        exclusive_bytes=figures.exclusive,
    )


def _may_read(register: Register, project: str) -> bool:
    return may(register.actor, "space.read", Resource(register.actor.organisation, project))
