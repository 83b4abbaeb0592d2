"""Users: add, list, disable and enable persons and service accounts."""

from __future__ import annotations

from rollbook.app.managing import changing, record, require_administrator, stable_name
from rollbook.app.register import Register
from rollbook.catalog import users
from rollbook.catalog.people_rows import UserRow
from rollbook.model.errors import Conflict
from rollbook.model.names import check_name
from rollbook.model.people import PAGE, NewUser, UserFacts, Users


def add_user(register: Register, new: NewUser) -> UserFacts:
    """Add a person or a service account, without any role.

    Raises:
        Forbidden: The actor does not manage the server.
        AlreadyExists: The name is, or was, somebody's.
    """
    require_administrator(register)
    name = check_name(new.name, "user")
    with changing(register) as (connection, local):
        made = users.add(connection, name, register.act(), id=register.new_id(), service=new.service, admin=new.admin)
        details = {"id": made.id, "admin": made.admin}
        record(register, connection, local.key, "user.add", stable_name(made), details)
    return facts_of(made)


def list_users(register: Register, after: str = "") -> Users:
    """A page of users, by name.

    Raises:
        Forbidden: The actor does not manage the server.
    """
    require_administrator(register)
    with register.catalog.read() as connection:
        found = users.list_page(connection, after=after, limit=PAGE)
    return Users(items=tuple(map(facts_of, found.items)), next=found.next or "")


def disable_user(register: Register, name: str) -> UserFacts:
    """Shut a user out: all keys are revoked and all sessions end, at once and for good.

    Raises:
        Forbidden: The actor does not manage the server.
        NotFound: There is no such user.
        Conflict: It is the last administrator.
    """
    require_administrator(register)
    with changing(register) as (connection, local):
        user = users.get(connection, name)
        if user.disabled_at is not None:
            return facts_of(user)
        if user.admin and users.count_admins(connection) == 1:
            raise Conflict(f"{name} is the last administrator", hint="add another one first")
        gone = users.disable(connection, user, register.act())
        record(register, connection, local.key, "user.disable", stable_name(user), {"id": user.id})
    return facts_of(gone)


def enable_user(register: Register, name: str) -> UserFacts:
    """Let a disabled user in again; old keys and sessions stay void.

    Raises:
        Forbidden: The actor does not manage the server.
        NotFound: There is no such user.
    """
    require_administrator(register)
    with changing(register) as (connection, local):
        user = users.get(connection, name)
        if user.disabled_at is None:
            return facts_of(user)
        back = users.enable(connection, user)
        record(register, connection, local.key, "user.enable", stable_name(user), {"id": user.id})
    return facts_of(back)


def facts_of(user: UserRow) -> UserFacts:
    """What callers are told of a user."""
    return UserFacts(
        id=user.id,
        name=user.name,
        service=user.service,
        admin=user.admin,
        created_at=user.created_at,
        created_by=user.created_by,
        disabled_at=user.disabled_at,
    )
