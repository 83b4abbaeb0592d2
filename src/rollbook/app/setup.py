"""The first administrator of a server: made by whoever holds a token that works once and soon ends."""

from __future__ import annotations

from rollbook.app.managing import changing, record, stable_name
from rollbook.app.register import Register
from rollbook.app.secretfile import pepper_of
from rollbook.app.signin import MINUTE, new_secret
from rollbook.app.users import facts_of
from rollbook.catalog import passwords, tokens, users
from rollbook.model.apikey import hash_of
from rollbook.model.errors import Unauthenticated
from rollbook.model.names import check_name
from rollbook.model.people import UserFacts

LIFE = 30 * MINUTE
_PURPOSE = "first administrator"


def needs_setup(register: Register) -> bool:
    """Whether the server has no administrator."""
    with register.catalog.read() as connection:
        return users.count_admins(connection) == 0


def make_token(register: Register) -> str:
    """A token for the first administrator, good for half an hour."""
    token, at = new_secret(register), register.clock()
    with register.catalog.write() as connection:
        kept = hash_of(token, pepper_of(register))
        tokens.add(connection, secret_hash=kept, purpose=_PURPOSE, at=at, expires_at=at + LIFE)
    return token


def make_administrator(register: Register, token: str, name: str, password_hash: str) -> UserFacts:
    """Make the first administrator, and use the token up.

    Args:
        register: As the server sees it.
        token: As `make_token` gave it.
        name: Login name.
        password_hash: Hash of the password.

    Raises:
        Unauthenticated: The token is wrong, used or too old, or there is an administrator already.
        AlreadyExists: The name is, or was, somebody's.
        InvalidName: The name is not allowed.
    """
    check_name(name, "user")
    with changing(register) as (connection, local):
        kept, at = hash_of(token, pepper_of(register)), register.clock()
        fresh = tokens.use(connection, secret_hash=kept, purpose=_PURPOSE, at=at)
        if not fresh or users.count_admins(connection):
            raise Unauthenticated(
                "the token is wrong, was used, or is older than 30 minutes",
                hint="start the server again for a new one, or run 'rollbook user add NAME --admin' beside it",
            )
        made = users.add(connection, name, register.act(), id=register.new_id(), admin=True)
        passwords.put(connection, made, password_hash, at)
        record(register, connection, local.key, "user.add", stable_name(made), {"id": made.id, "admin": True})
    return facts_of(made)
