"""Tokens that work once: for the first administrator, and for a sign-in that is under way elsewhere."""

from __future__ import annotations

from sqlalchemy import Connection, delete, update

from rollbook.catalog.execution import add as add_row
from rollbook.catalog.people_schema import setup_tokens


def add(connection: Connection, *, secret_hash: str, purpose: str, at: int, expires_at: int) -> None:
    """Keep a token, and forget those that are over."""
    connection.execute(delete(setup_tokens).where(setup_tokens.c.expires_at <= at))
    values = {"user": None, "secret_hash": secret_hash, "purpose": purpose, "used_at": None}
    add_row(connection, setup_tokens, values | {"created_at": at, "expires_at": expires_at})


def use(connection: Connection, *, secret_hash: str, purpose: str, at: int) -> bool:
    """Use a token up; False where there is none, or it was used, or its time is over."""
    fresh = (
        setup_tokens.c.secret_hash == secret_hash,
        setup_tokens.c.purpose == purpose,
        setup_tokens.c.used_at.is_(None),
        setup_tokens.c.expires_at > at,
    )
    return connection.execute(update(setup_tokens).where(*fresh).values(used_at=at)).rowcount == 1
