"""API keys: what is kept of them, how they are found, and when they end."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Select, func, select, update

from rollbook.catalog.execution import add as add_row
from rollbook.catalog.execution import builder, every, first
from rollbook.catalog.paging import Page, check_limit, page
from rollbook.catalog.people_rows import ApiKeyRow, UserRow
from rollbook.catalog.people_schema import api_keys, users
from rollbook.catalog.rows import Act
from rollbook.model.errors import AlreadyExists, NotFound

_key = builder(ApiKeyRow)
_KEYS: Select[Any] = select(api_keys, users.c.name.label("user_name")).join(users, users.c.key == api_keys.c.user)


def add(
    connection: Connection,
    user: UserRow,
    act: Act,
    *,
    public_id: str,
    secret_hash: str,
    imported: bool,
    scopes: str | None,
    places: str | None,
    expires_at: int,
) -> ApiKeyRow:
    """Keep a key.

    Raises:
        AlreadyExists: The same key is kept already.
    """
    if by_hash(connection, secret_hash) is not None:
        raise AlreadyExists("this key is in use already", hint="an imported key can be added once")
    values = {"public_id": public_id, "secret_hash": secret_hash, "imported": imported, "user": user.key}
    values |= {"scopes": scopes, "places": places, "expires_at": expires_at}
    add_row(connection, api_keys, values | {"created_at": act.at, "created_by": act.actor})
    return get(connection, public_id)


def by_public_id(connection: Connection, public_id: str) -> ApiKeyRow | None:
    """The key with that public part, or None."""
    return first(connection, _KEYS.where(api_keys.c.public_id == public_id), _key)


def by_hash(connection: Connection, secret_hash: str) -> ApiKeyRow | None:
    """The key with that hash, or None. The hash is keyed, so how long this takes tells nothing about keys."""
    return first(connection, _KEYS.where(api_keys.c.secret_hash == secret_hash), _key)


def get(connection: Connection, public_id: str) -> ApiKeyRow:
    """The key with that public part.

    Raises:
        NotFound: There is none.
    """
    found = by_public_id(connection, public_id)
    if found is None:
        raise NotFound(f"no key {public_id!r}", hint="see 'rollbook key ls'")
    return found


def list_page(
    connection: Connection, user: int | None = None, *, after: int = 0, limit: int = 100
) -> Page[ApiKeyRow, int]:
    """Keys of a user, or of all, in the order in which they were made."""
    query = _KEYS.where(api_keys.c.key > after).order_by(api_keys.c.key)
    if user is not None:
        query = query.where(api_keys.c.user == user)
    return page(every(connection, query.limit(check_limit(limit) + 1), _key), limit, lambda row: row.key)


def count_standing(connection: Connection, user: UserRow, at: int) -> int:
    """How many keys of a user open something at an instant."""
    standing = (api_keys.c.user == user.key, api_keys.c.revoked_at.is_(None), api_keys.c.expires_at > at)
    return int(connection.execute(select(func.count()).select_from(api_keys).where(*standing)).scalar_one())


def revoke(connection: Connection, key: ApiKeyRow, act: Act) -> ApiKeyRow:
    """End a key; one that was revoked before keeps its time."""
    standing = (api_keys.c.key == key.key, api_keys.c.revoked_at.is_(None))
    connection.execute(update(api_keys).where(*standing).values(revoked_at=act.at, revoked_by=act.actor))
    return get(connection, key.public_id)


def touch(connection: Connection, key: ApiKeyRow, at: int) -> None:
    """Note that a key was used."""
    connection.execute(update(api_keys).where(api_keys.c.key == key.key).values(last_used_at=at))
