"""Members: which roles a person holds in which places of which organisations."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Select, select

from rollbook.catalog.execution import add as add_row
from rollbook.catalog.execution import builder, every, first
from rollbook.catalog.paging import Page, check_limit, page
from rollbook.catalog.people_rows import MemberRow, UserRow
from rollbook.catalog.people_schema import members, users
from rollbook.catalog.rows import Act
from rollbook.catalog.schema import organisations
from rollbook.model.errors import AlreadyExists, NotFound

_member = builder(MemberRow)
_MEMBERS: Select[Any] = (
    select(members, organisations.c.name.label("organisation_name"), users.c.name.label("user_name"))
    .join(organisations, organisations.c.key == members.c.organisation)
    .join(users, users.c.key == members.c.user)
)


def add(
    connection: Connection, organisation: int, user: UserRow, place: str, role: str, act: Act, *, segment: str = ""
) -> MemberRow:
    """Give a role.

    Raises:
        AlreadyExists: The person holds it there already.
    """
    held = (members.c.user == user.key, members.c.organisation == organisation, members.c.place == place)
    same = _MEMBERS.where(*held, members.c.role == role, members.c.segment == segment)
    if first(connection, same, _member) is not None:
        raise AlreadyExists(f"{user.name} is {role} there already", hint="see 'rollbook member ls'")
    values = {"organisation": organisation, "user": user.key, "place": place, "role": role, "segment": segment}
    add_row(connection, members, values | {"added_at": act.at, "added_by": act.actor})
    found = first(connection, same, _member)
    assert found is not None
    return found


def remove(
    connection: Connection, organisation: int, user: UserRow, place: str, *, role: str | None, segment: str | None
) -> tuple[MemberRow, ...]:
    """Take roles away: one, or all that the person holds in that very place.

    Returns:
        What was taken away.

    Raises:
        NotFound: The person holds none such there.
    """
    where = [members.c.user == user.key, members.c.organisation == organisation, members.c.place == place]
    where += [members.c.role == role] if role is not None else []
    where += [members.c.segment == segment] if segment is not None else []
    gone = every(connection, _MEMBERS.where(*where).order_by(members.c.key), _member)
    if not gone:
        raise NotFound(f"{user.name} holds no such role there", hint="see 'rollbook member ls'")
    connection.execute(members.delete().where(members.c.key.in_([row.key for row in gone])))
    return gone


def of_user(connection: Connection, user: int) -> tuple[MemberRow, ...]:
    """Every role of a person, the oldest first."""
    return every(connection, _MEMBERS.where(members.c.user == user).order_by(members.c.key), _member)


def list_page(
    connection: Connection, organisation: int, place: str = "", *, after: int = 0, limit: int = 100
) -> Page[MemberRow, int]:
    """Members of an organisation, or of one place in it, in the order in which they were added.

    Args:
        connection: The transaction.
        organisation: Key of the organisation.
        place: `team/` for the team and its projects, a project's full name, or "" for all.
        after: The `next` of the page before.
        limit: Rows of the page.
    """
    query = _MEMBERS.where(members.c.organisation == organisation, members.c.key > after).order_by(members.c.key)
    if place.endswith("/"):
        query = query.where(members.c.place >= place, members.c.place < f"{place[:-1]}0")  # "0" follows "/"
    elif place:
        query = query.where(members.c.place == place)
    return page(every(connection, query.limit(check_limit(limit) + 1), _member), limit, lambda row: row.key)
