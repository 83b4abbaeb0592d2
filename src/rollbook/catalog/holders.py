"""Whose key is this? Asked before every request, so it is one query, put together once."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import Connection, RowMapping, Select, Table, bindparam, select

from rollbook.catalog.people_rows import ApiKeyRow, MemberRow, UserRow
from rollbook.catalog.people_schema import api_keys, members, users
from rollbook.catalog.schema import organisations


class Holder(NamedTuple):
    """A key, its user, and every role of the user, the oldest first."""

    key: ApiKeyRow
    user: UserRow
    grants: tuple[MemberRow, ...]


def _labelled(table: Table, prefix: str) -> list[Any]:
    return [column.label(prefix + column.name) for column in table.c]


def _query(column: Any) -> Select[Any]:
    names = organisations.c.name.label("m_organisation_name")
    joined = (
        api_keys.join(users, users.c.key == api_keys.c.user)
        .outerjoin(members, members.c.user == users.c.key)
        .outerjoin(organisations, organisations.c.key == members.c.organisation)
    )
    chosen = [*_labelled(api_keys, "k_"), *_labelled(users, "u_"), *_labelled(members, "m_"), names]
    return select(*chosen).select_from(joined).where(column == bindparam("wanted")).order_by(members.c.key)


_BY_PUBLIC_ID = _query(api_keys.c.public_id)
_BY_HASH = _query(api_keys.c.secret_hash)


def by_public_id(connection: Connection, public_id: str) -> Holder | None:
    """Whose key has that public part, or None."""
    return _holder(connection, _BY_PUBLIC_ID, public_id)


def by_hash(connection: Connection, secret_hash: str) -> Holder | None:
    """Whose key has that hash, or None. The hash is keyed, so how long this takes tells nothing about keys."""
    return _holder(connection, _BY_HASH, secret_hash)


def _holder(connection: Connection, query: Select[Any], wanted: str) -> Holder | None:
    rows = connection.execute(query, {"wanted": wanted}).mappings().all()
    if not rows:
        return None
    user = UserRow(**_part(rows[0], "u_"))
    grants = (MemberRow(**_part(row, "m_"), user_name=user.name) for row in rows if row["m_key"] is not None)
    return Holder(ApiKeyRow(**_part(rows[0], "k_"), user_name=user.name), user, tuple(grants))


def _part(row: RowMapping, prefix: str) -> dict[str, Any]:
    return {str(name)[len(prefix) :]: value for name, value in row.items() if str(name).startswith(prefix)}
