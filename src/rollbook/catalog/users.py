"""Users: persons and service accounts. They are disabled, never deleted, and a name is given once."""

from __future__ import annotations

from sqlalchemy import Connection, func, select, update

from rollbook.catalog.execution import add as add_row
from rollbook.catalog.execution import builder, every, first
from rollbook.catalog.paging import Page, check_limit, page
from rollbook.catalog.people_rows import UserRow
from rollbook.catalog.people_schema import api_keys, sessions, users
from rollbook.catalog.rows import Act
from rollbook.model.errors import AlreadyExists, NotFound

_user = builder(UserRow)


def add(
    connection: Connection,
    name: str,
    act: Act,
    *,
    id: str,  # noqa: A002
    service: bool = False,
    admin: bool = False,
) -> UserRow:
    """Add a user.

    Raises:
        AlreadyExists: There is, or was, one of that name; the case of letters does not count.
    """
    if is_taken(connection, name):
        raise AlreadyExists(f"there is a user {name!r}", hint="names are never given twice; choose another")
    values = {"id": id, "name": name, "service": service, "admin": admin}
    add_row(connection, users, values | {"created_at": act.at, "created_by": act.actor})
    return get(connection, name)


def is_taken(connection: Connection, name: str) -> bool:
    """Whether there is, or was, a user of that name; the case of letters does not count."""
    taken = select(users.c.name).where(func.lower(users.c.name) == name.lower())
    return connection.execute(taken).first() is not None


def find(connection: Connection, name: str) -> UserRow | None:
    """The user of that name, or None."""
    return first(connection, select(users).where(users.c.name == name), _user)


def get(connection: Connection, name: str) -> UserRow:
    """The user of that name.

    Raises:
        NotFound: There is none.
    """
    found = find(connection, name)
    if found is None:
        raise NotFound(f"no user {name!r}", hint="see 'rollbook user ls'")
    return found


def by_id(connection: Connection, id: str) -> UserRow | None:  # noqa: A002
    """The user with that id, or None."""
    return first(connection, select(users).where(users.c.id == id), _user)


def list_page(connection: Connection, *, after: str = "", limit: int = 100) -> Page[UserRow, str]:
    """Users by name, starting after the name `after`."""
    query = select(users).where(users.c.name > after).order_by(users.c.name).limit(check_limit(limit) + 1)
    return page(every(connection, query, _user), limit, lambda user: user.name)


def count_admins(connection: Connection) -> int:
    """How many users that are not disabled manage the whole server."""
    standing = select(func.count()).select_from(users).where(users.c.admin, users.c.disabled_at.is_(None))
    return int(connection.execute(standing).scalar_one())


def disable(connection: Connection, user: UserRow, act: Act) -> UserRow:
    """Shut a user out: its keys are revoked and its sessions end, for good."""
    _set_disabled(connection, user, act.at, act.actor)
    standing = (api_keys.c.user == user.key, api_keys.c.revoked_at.is_(None))
    connection.execute(update(api_keys).where(*standing).values(revoked_at=act.at, revoked_by=act.actor))
    connection.execute(sessions.delete().where(sessions.c.user == user.key))
    return get(connection, user.name)


def enable(connection: Connection, user: UserRow) -> UserRow:
    """Let a user in again, who needs a new key or session."""
    _set_disabled(connection, user, None, None)
    return get(connection, user.name)


def _set_disabled(connection: Connection, user: UserRow, at: int | None, by: str | None) -> None:
    connection.execute(update(users).where(users.c.key == user.key).values(disabled_at=at, disabled_by=by))
