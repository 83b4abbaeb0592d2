"""Organisations and their projects."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, select

from rollbook.catalog.dialect import insert_unless_present
from rollbook.catalog.execution import builder, every, first
from rollbook.catalog.paging import Page, check_limit, page
from rollbook.catalog.rows import OrganisationRow, ProjectRow
from rollbook.catalog.schema import organisations, projects
from rollbook.model.errors import NotFound

_organisation = builder(OrganisationRow)
_project = builder(ProjectRow)


def ensure_organisation(connection: Connection, name: str, *, id: str, at: int) -> OrganisationRow:  # noqa: A002
    """Find an organisation by name, or make it with this id."""
    insert_unless_present(connection, organisations, {"id": id, "name": name, "created_at": at})
    return get_organisation(connection, name)


def get_organisation(connection: Connection, name: str) -> OrganisationRow:
    """Find an organisation by name.

    Raises:
        NotFound: There is none.
    """
    found = first(connection, select(organisations).where(organisations.c.name == name), _organisation)
    if found is None:
        raise NotFound(f"no organisation {name!r}")
    return found


def ensure_project(
    connection: Connection,
    organisation: OrganisationRow,
    name: str,
    *,
    id: str,  # noqa: A002
    key_domain: str,
    at: int,
) -> ProjectRow:
    """Find a project by name, or make it with this id and key domain."""
    values = {"organisation": organisation.key, "id": id, "name": name, "key_domain": key_domain, "created_at": at}
    insert_unless_present(connection, projects, values)
    return get_project(connection, organisation, name)


def find_project(connection: Connection, organisation: OrganisationRow, name: str) -> ProjectRow | None:
    """Find a project by name, or None."""
    query = select(projects).where(projects.c.organisation == organisation.key, projects.c.name == name)
    return first(connection, query, _project)


def get_project(connection: Connection, organisation: OrganisationRow, name: str) -> ProjectRow:
    """Find a project by name.

    Raises:
        NotFound: There is none; the hint names those that there are.
    """
    found = find_project(connection, organisation, name)
    if found is None:
        names = [project.name for project in list_projects(connection, organisation, limit=10).items]
        raise NotFound(f"no project {name!r}", hint=f"there is {', '.join(names)}" if names else "there is none yet")
    return found


def list_projects(
    connection: Connection, organisation: OrganisationRow, *, after: str = "", limit: int = 100
) -> Page[ProjectRow, str]:
    """Projects by name, starting after the name `after`."""
    query = (
        select(projects)
        .where(projects.c.organisation == organisation.key, projects.c.name > after)
        .order_by(projects.c.name)
        .limit(check_limit(limit) + 1)
    )
    return page(every(connection, query, _project), limit, lambda project: project.name)


def names(connection: Connection, keys: Iterable[int]) -> dict[int, str]:
    """Names of the projects with these keys."""
    query = select(projects.c.key, projects.c.name).where(projects.c.key.in_(list(keys)))
    return {row.key: row.name for row in connection.execute(query)}
