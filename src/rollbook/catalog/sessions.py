"""Sessions of browsers: who is signed in, since when, and when each was last heard of."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, delete, select, update

from rollbook.catalog.execution import add as add_row
from rollbook.catalog.execution import builder, first
from rollbook.catalog.people_rows import UserRow
from rollbook.catalog.people_schema import sessions, users


class SessionRow(msgspec.Struct, frozen=True, kw_only=True):
    """A session. `expires_at` is its end however busy it is; `csrf` is what its pages send with what they change."""

    key: int
    user: int
    secret_hash: str
    csrf: str
    created_at: int
    last_seen_at: int
    expires_at: int


_session = builder(SessionRow)
_user = builder(UserRow)


def add(connection: Connection, user: UserRow, *, secret_hash: str, csrf: str, at: int, expires_at: int) -> None:
    """Keep a session, and forget those of anybody that are over."""
    connection.execute(delete(sessions).where(sessions.c.expires_at <= at))
    values = {"user": user.key, "secret_hash": secret_hash, "csrf": csrf}
    add_row(connection, sessions, values | {"created_at": at, "last_seen_at": at, "expires_at": expires_at})


def by_hash(connection: Connection, secret_hash: str) -> SessionRow | None:
    """The session with that hash, or None. The hash is keyed, so how long this takes tells nothing about secrets."""
    return first(connection, select(sessions).where(sessions.c.secret_hash == secret_hash), _session)


def user_of(connection: Connection, session: SessionRow) -> UserRow:
    """Whose session it is."""
    found = first(connection, select(users).where(users.c.key == session.user), _user)
    assert found is not None  # users are never deleted
    return found


def touch(connection: Connection, session: SessionRow, at: int) -> None:
    """Note that a session was heard of."""
    connection.execute(update(sessions).where(sessions.c.key == session.key).values(last_seen_at=at))


def remove(connection: Connection, session: SessionRow) -> None:
    """End a session."""
    connection.execute(delete(sessions).where(sessions.c.key == session.key))


def remove_all(connection: Connection, user: UserRow) -> None:
    """End every session of a user."""
    connection.execute(delete(sessions).where(sessions.c.user == user.key))
