"""Entities: organisations and their teams. Their names are unique on a server, across both."""

from __future__ import annotations

from sqlalchemy import Connection, func, literal, select, union_all

from rollbook.catalog.execution import add, builder, every, first, lock
from rollbook.catalog.paging import Page, check_limit, page
from rollbook.catalog.people_rows import EntityRow, TeamRow
from rollbook.catalog.people_schema import teams
from rollbook.catalog.rows import Act, OrganisationRow
from rollbook.catalog.schema import organisations
from rollbook.model.errors import AlreadyExists, NotFound

_organisation = builder(OrganisationRow)
_team = builder(TeamRow)
_entity = builder(EntityRow)
_TEAMS = select(teams, organisations.c.name.label("organisation_name")).join(
    organisations, organisations.c.key == teams.c.organisation
)


def hold(connection: Connection, local: OrganisationRow) -> None:
    """Let one transaction at a time change people, to its end: names stay unique, an administrator remains."""
    lock(connection, organisations, local.key)


def find(connection: Connection, name: str) -> EntityRow | None:
    """What a name stands for, or None. The caller decides who may know."""
    organisation = select(
        organisations.c.key.label("organisation"),
        organisations.c.name.label("organisation_name"),
        literal("").label("team"),
    ).where(organisations.c.name == name)
    team = (
        select(teams.c.organisation, organisations.c.name.label("organisation_name"), teams.c.name.label("team"))
        .join(organisations, organisations.c.key == teams.c.organisation)
        .where(teams.c.name == name)
    )
    return first(connection, union_all(organisation, team), _entity)


def add_organisation(connection: Connection, name: str, *, id: str, at: int) -> OrganisationRow:  # noqa: A002
    """Add an organisation.

    The caller holds the lock under which entities are added, so that nobody takes the name meanwhile.

    Raises:
        AlreadyExists: An organisation or a team has that name; the case of letters does not count.
    """
    _refuse_taken(connection, name)
    add(connection, organisations, {"id": id, "name": name, "created_at": at})
    found = first(connection, select(organisations).where(organisations.c.name == name), _organisation)
    assert found is not None
    return found


def add_team(
    connection: Connection,
    organisation: OrganisationRow,
    name: str,
    act: Act,
    *,
    id: str,  # noqa: A002
) -> TeamRow:
    """Add a team, under the same lock as an organisation.

    Raises:
        AlreadyExists: As for an organisation.
    """
    _refuse_taken(connection, name)
    values = {"organisation": organisation.key, "id": id, "name": name}
    add(connection, teams, values | {"created_at": act.at, "created_by": act.actor})
    return get_team(connection, name)


def get_team(connection: Connection, name: str) -> TeamRow:
    """The team of that name.

    Raises:
        NotFound: There is none.
    """
    found = first(connection, _TEAMS.where(teams.c.name == name), _team)
    if found is None:
        raise NotFound(f"no team {name!r}", hint="see 'rollbook team ls'")
    return found


def list_organisations(connection: Connection, *, after: str = "", limit: int = 100) -> Page[OrganisationRow, str]:
    """Organisations by name, starting after the name `after`."""
    query = select(organisations).where(organisations.c.name > after).order_by(organisations.c.name)
    rows = every(connection, query.limit(check_limit(limit) + 1), _organisation)
    return page(rows, limit, lambda row: row.name)


def list_teams(
    connection: Connection, organisation: int | None, *, after: str = "", limit: int = 100
) -> Page[TeamRow, str]:
    """Teams of an organisation, or of all, by name, starting after the name `after`."""
    query = _TEAMS.where(teams.c.name > after).order_by(teams.c.name)
    if organisation is not None:
        query = query.where(teams.c.organisation == organisation)
    return page(every(connection, query.limit(check_limit(limit) + 1), _team), limit, lambda row: row.name)


def _refuse_taken(connection: Connection, name: str) -> None:
    for table in (organisations, teams):
        taken = select(table.c.name).where(func.lower(table.c.name) == name.lower())
        if connection.execute(taken).first() is not None:
            raise AlreadyExists(
                f"{name!r} is taken",
                hint="names of organisations and teams are unique on a server, whatever their case",
            )
