"""Who may manage people, and how their changes are recorded: shared by the verbs about users, teams, members and keys.

An administrator manages the whole server; the owner of a data directory is one. Whoever may `people.manage` in a place
manages that place only: an organisation, a team, a project.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager

from rollbook.app.register import LOCAL, Register
from rollbook.catalog import Connection, audit, entities, projects
from rollbook.catalog.people_rows import EntityRow, UserRow
from rollbook.catalog.rows import OrganisationRow
from rollbook.model.canonical import JSON
from rollbook.model.errors import Forbidden, InvalidInput, NotFound
from rollbook.model.names import check_name
from rollbook.model.permission import Actor, Resource, may, require


@contextmanager
def changing(register: Register) -> Generator[tuple[Connection, OrganisationRow]]:
    """A transaction that changes people, one at a time, and the organisation that records what concerns no other."""
    with register.catalog.write() as connection:
        local = projects.ensure_organisation(connection, LOCAL, id=register.new_id(), at=register.clock())
        entities.hold(connection, local)
        yield connection, local


def is_administrator(actor: Actor) -> bool:
    """Whether the actor manages the whole server, and the key at hand may be used for that."""
    whole = actor.administrator or actor.role == "owner"
    return whole and may(actor, "people.manage", Resource(actor.organisation, ""))


def require_administrator(register: Register) -> None:
    """Pass for an administrator of the whole server.

    Raises:
        Forbidden: The actor is none.
    """
    if not is_administrator(register.actor):
        raise Forbidden(f"{register.actor.name} does not manage this server", hint="ask one of its administrators")


def may_manage(register: Register, organisation: str, place: str) -> bool:
    """Whether the actor manages that place."""
    return is_administrator(register.actor) or may(register.actor, "people.manage", Resource(organisation, place))


def require_manager(register: Register, organisation: str, place: str) -> None:
    """Pass for whoever manages that place.

    Raises:
        Forbidden: The actor does not.
    """
    if not is_administrator(register.actor):
        require(register.actor, "people.manage", Resource(organisation, place))


def place_of(register: Register, connection: Connection, to: str) -> tuple[EntityRow, str]:
    """The organisation and the place in it that `ENTITY` or `ENTITY/PROJECT` names.

    Raises:
        InvalidName: It is written in another way.
        NotFound: There is no such entity, or the actor is a stranger to its organisation.
    """
    entity, has_project, project = to.partition("/")
    check_name(entity, "team or organisation")
    if has_project:
        check_name(project, "project")
    found = entities.find(connection, entity)
    known = found is not None and (
        is_administrator(register.actor) or found.organisation_name == register.actor.organisation
    )
    if found is None or not known:
        raise NotFound(f"no team or organisation {entity!r}", hint="see 'rollbook whoami'")
    return found, f"{found.team}/{project}" if found.team else project


def address_of(organisation: str, place: str) -> str:
    """How people name a place: `ENTITY` or `ENTITY/PROJECT`."""
    team, in_team, project = place.partition("/")
    entity, name = (team, project) if in_team else (organisation, team)
    return f"{entity}/{name}" if name else entity


def stable_name(user: UserRow) -> str:
    """What audit entries call a user: `user:ana`, `service:ci`."""
    return f"{'service' if user.service else 'user'}:{user.name}"


def record(
    register: Register,
    connection: Connection,
    organisation: int,
    action: str,
    resource: str,
    details: Mapping[str, JSON],
) -> None:
    """Append the audit entry of a change of people to an organisation's log. Details never hold a secret."""
    values = audit.AuditValues(
        project=None,
        at=register.clock(),
        actor=register.actor.name,
        action=action,
        resource=resource,
        details=details,
    )
    audit.append(connection, organisation, values)


def number_after(cursor: str) -> int:
    """Where a page of rows that are listed by key goes on; the cursor is the `next` of the page before.

    Raises:
        InvalidInput: It is no such cursor.
    """
    if cursor and not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):
        raise InvalidInput(f"cursor {cursor[:40]!r} is not one that a page gave", hint="pass the page's 'next'")
    return int(cursor or 0)
