"""Signing in from a browser: passwords, sessions, the first administrator, accounts at an identity provider.

These verbs run before anybody is known, so they ask for no permission: what they ask for is the proof itself. They act
on the register as the server sees it. Only keyed hashes of secrets are kept.
"""

from __future__ import annotations

import base64
from typing import Literal

import msgspec

from rollbook.app.managing import changing, record, require_administrator, stable_name
from rollbook.app.register import Register
from rollbook.app.secretfile import pepper_of
from rollbook.app.users import facts_of
from rollbook.catalog import passwords, sessions, users
from rollbook.catalog.people_rows import UserRow
from rollbook.model.apikey import hash_of
from rollbook.model.errors import InvalidInput, InvalidName, Unauthenticated
from rollbook.model.names import check_name
from rollbook.model.people import UserFacts

MINUTE = 60 * 1_000_000
IDLE = 30 * MINUTE
ABSOLUTE = 12 * 60 * MINUTE
TOUCHED_EVERY = MINUTE
SECRET_BYTES = 32
How = Literal["password", "identity provider", "setup token"]


class OpenedSession(msgspec.Struct, frozen=True, kw_only=True):
    """A session that was just opened: the only time that its secret is at hand.

    Attributes:
        secret: What the browser proves itself with.
        csrf: What the browser's pages send with what they change.
        user: Login name.
        expires_at: UTC microseconds of its end however busy it is.
    """

    secret: str
    csrf: str
    user: str
    expires_at: int

    def __repr__(self) -> str:
        return f"OpenedSession({self.user!r})"


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """Who a browser is signed in as.

    Attributes:
        user: The user, who is not disabled.
        csrf: What the browser's pages send with what they change.
        expires_at: UTC microseconds.
    """

    user: UserRow
    csrf: str
    expires_at: int


def new_secret(register: Register) -> str:
    """256 random bits that can stand in a header or an address."""
    return base64.urlsafe_b64encode(register.random(SECRET_BYTES)).rstrip(b"=").decode()


def password_of(register: Register, user: str) -> str | None:
    """The password hash of a person who may sign in; None for anybody else, without a word on why."""
    try:
        check_name(user, "user")
    except InvalidName:
        return None
    with register.catalog.read() as connection:
        found = users.find(connection, user)
        return None if found is None or _is_shut_out(found) else passwords.hash_of(connection, found)


def set_password(register: Register, user: str, password_hash: str) -> UserFacts:
    """Set a password. Every session of the user ends.

    Args:
        register: As the caller sees it.
        user: Login name.
        password_hash: What is kept; the password itself stays with who made the hash.

    Raises:
        Forbidden: The caller is neither the user nor an administrator.
        NotFound: There is no such user.
        InvalidInput: It is a service account.
    """
    if register.actor.name != f"user:{user}":
        require_administrator(register)
    with changing(register) as (connection, local):
        found = users.get(connection, user)
        if found.service:
            raise InvalidInput(f"{user!r} is a service account", hint="programs have keys: 'rollbook key add'")
        passwords.put(connection, found, password_hash, register.clock())
        sessions.remove_all(connection, found)
        record(register, connection, local.key, "password.set", stable_name(found), {})
    return facts_of(found)


def open_session(register: Register, user: str, how: How) -> OpenedSession:
    """Let a user in who has proven who they are.

    Raises:
        Unauthenticated: The user may not sign in any more.
    """
    secret, csrf, at = new_secret(register), new_secret(register), register.clock()
    kept = hash_of(secret, pepper_of(register))
    with changing(register) as (connection, local):
        found = users.find(connection, user)
        if found is None or _is_shut_out(found):
            raise Unauthenticated(f"{user!r} may not sign in", hint="ask an administrator")
        sessions.add(connection, found, secret_hash=kept, csrf=csrf, at=at, expires_at=at + ABSOLUTE)
        record(register, connection, local.key, "session.open", stable_name(found), {"how": how})
    return OpenedSession(secret=secret, csrf=csrf, user=user, expires_at=at + ABSOLUTE)


def session_of(register: Register, secret: str) -> Session | None:
    """The session that a secret opens, or None where it is over or never was."""
    kept, now = hash_of(secret, pepper_of(register)), register.clock()
    with register.catalog.read() as connection:
        found = sessions.by_hash(connection, kept)
        user = sessions.user_of(connection, found) if found is not None else None
    if found is None or user is None or _is_shut_out(user):
        return None
    if now >= found.expires_at or now >= found.last_seen_at + IDLE:
        return None
    if now >= found.last_seen_at + TOUCHED_EVERY:
        with register.catalog.write() as connection:
            sessions.touch(connection, found, now)
    return Session(user=user, csrf=found.csrf, expires_at=min(found.expires_at, now + IDLE))


def close_session(register: Register, secret: str) -> None:
    """Sign out; nothing where nobody is signed in."""
    with register.catalog.write() as connection:
        found = sessions.by_hash(connection, hash_of(secret, pepper_of(register)))
        if found is not None:
            sessions.remove(connection, found)


def _is_shut_out(user: UserRow) -> bool:
    return user.disabled_at is not None or user.service
