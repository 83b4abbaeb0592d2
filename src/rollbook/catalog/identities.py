"""Who a user is at an identity provider: its issuer and its name for the person, never an e-mail address."""

from __future__ import annotations

from sqlalchemy import Connection, select

from rollbook.catalog.execution import add as add_row
from rollbook.catalog.execution import builder, first
from rollbook.catalog.people_rows import UserRow
from rollbook.catalog.people_schema import oidc_identities, users
from rollbook.catalog.rows import Act
from rollbook.model.errors import AlreadyExists

_user = builder(UserRow)


def find(connection: Connection, issuer: str, subject: str) -> UserRow | None:
    """The user who is that subject of that issuer, or None."""
    joined = select(users).join(oidc_identities, oidc_identities.c.user == users.c.key)
    return first(
        connection, joined.where(oidc_identities.c.issuer == issuer, oidc_identities.c.subject == subject), _user
    )


def add(connection: Connection, user: UserRow, issuer: str, subject: str, act: Act) -> None:
    """Say that a user is that subject of that issuer.

    Raises:
        AlreadyExists: Somebody else is.
    """
    known = find(connection, issuer, subject)
    if known is not None and known.key != user.key:
        raise AlreadyExists(
            f"{subject!r} of {issuer!r} is {known.name!r} already", hint="one person has one account; unlink it there"
        )
    if known is None:
        values = {"user": user.key, "issuer": issuer, "subject": subject}
        add_row(connection, oidc_identities, values | {"created_at": act.at, "created_by": act.actor})
