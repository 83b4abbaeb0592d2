"""Organisations and teams: add and list them."""

from __future__ import annotations

from rollbook.app.managing import changing, is_administrator, place_of, record, require_administrator, require_manager
from rollbook.app.register import Register
from rollbook.catalog import Connection, entities, projects
from rollbook.catalog.people_rows import TeamRow
from rollbook.catalog.rows import OrganisationRow
from rollbook.model.errors import InvalidInput
from rollbook.model.people import (
    PAGE,
    NewOrganisation,
    NewTeam,
    OrganisationFacts,
    Organisations,
    TeamFacts,
    Teams,
    check_entity,
)
from rollbook.model.permission import Actor


def add_organisation(register: Register, new: NewOrganisation) -> OrganisationFacts:
    """Add an organisation.

    Raises:
        Forbidden: The actor does not manage the server.
        AlreadyExists: The name is taken, by an organisation or a team.
    """
    require_administrator(register)
    name = check_entity(new.name, "organisation")
    with changing(register) as (connection, _local):
        made = entities.add_organisation(connection, name, id=register.new_id(), at=register.clock())
        record(register, connection, made.key, "organisation.add", name, {"id": made.id})
    return _organisation(made)


def list_organisations(register: Register, after: str = "") -> Organisations:
    """A page of organisations by name: all for an administrator, else the actor's own."""
    with register.catalog.read() as connection:
        if is_administrator(register.actor):
            found = entities.list_organisations(connection, after=after, limit=PAGE)
            return Organisations(items=tuple(map(_organisation, found.items)), next=found.next or "")
        name = register.actor.organisation
        own = (projects.get_organisation(connection, name),) if name > after else ()
    return Organisations(items=tuple(map(_organisation, own)))


def add_team(register: Register, new: NewTeam) -> TeamFacts:
    """Add a team to an organisation.

    Raises:
        Forbidden: The actor does not manage the organisation.
        NotFound: There is no such organisation.
        AlreadyExists: The name is taken, by an organisation or a team.
    """
    name = check_entity(new.name, "team")
    with changing(register) as (connection, _local):
        organisation = _own(register, connection, new.organisation)
        require_manager(register, organisation.name, "")
        made = entities.add_team(connection, organisation, name, register.act(), id=register.new_id())
        record(register, connection, organisation.key, "team.add", f"{organisation.name}/{name}", {"id": made.id})
    return _team(made)


def list_teams(register: Register, organisation: str = "", after: str = "") -> Teams:
    """A page of teams by name: those of an organisation ("" for all) in which the actor has a role.

    Raises:
        NotFound: There is no such organisation.
    """
    everywhere = is_administrator(register.actor)
    if not everywhere and not register.actor.organisation:
        return Teams(items=())
    with register.catalog.read() as connection:
        wanted = organisation or ("" if everywhere else register.actor.organisation)
        key = _own(register, connection, wanted).key if wanted else None
        found = entities.list_teams(connection, key, after=after, limit=PAGE)
    seen = (team for team in found.items if everywhere or has_role(register.actor, f"{team.name}/"))
    return Teams(items=tuple(map(_team, seen)), next=found.next or "")


def has_role(actor: Actor, place: str) -> bool:
    """Whether the actor has a role in that place, or in something within it."""
    return bool(actor.roles_in(place)) or any(actor.roles_in(at) for at in actor.roles if at.startswith(place))


def _own(register: Register, connection: Connection, name: str) -> OrganisationRow:
    found, _ = place_of(register, connection, name)
    if found.team:
        raise InvalidInput(f"{name!r} is a team", hint=f"its organisation is {found.organisation_name!r}")
    return projects.get_organisation(connection, name)


def _organisation(row: OrganisationRow) -> OrganisationFacts:
    return OrganisationFacts(id=row.id, name=row.name, created_at=row.created_at)


def _team(row: TeamRow) -> TeamFacts:
    return TeamFacts(
        id=row.id,
        name=row.name,
        organisation=row.organisation_name,
        created_at=row.created_at,
        created_by=row.created_by,
    )
