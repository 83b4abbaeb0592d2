"""Password hashes, one per user who has a password."""

from __future__ import annotations

from sqlalchemy import Connection, delete, select

from rollbook.catalog.execution import add
from rollbook.catalog.people_rows import UserRow
from rollbook.catalog.people_schema import passwords


def put(connection: Connection, user: UserRow, password_hash: str, at: int) -> None:
    """Set the password of a user."""
    connection.execute(delete(passwords).where(passwords.c.user == user.key))
    add(connection, passwords, {"user": user.key, "hash": password_hash, "changed_at": at})


def hash_of(connection: Connection, user: UserRow) -> str | None:
    """The hash of a user's password, or None for a user without one."""
    return connection.execute(select(passwords.c.hash).where(passwords.c.user == user.key)).scalar_one_or_none()
