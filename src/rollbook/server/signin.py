"""Signing in with a password, and setting up: the proofs, the limits on trying, and what they open."""

from __future__ import annotations

from starlette.requests import HTTPConnection

from rollbook.app import setup, signin
from rollbook.app.signin import OpenedSession
from rollbook.model.errors import Unauthenticated
from rollbook.model.session import Setup, SignIn
from rollbook.server import firststart, passwords
from rollbook.server.state import state_of

_LONGEST_NAME = 128


def sign_in(connection: HTTPConnection, given: SignIn) -> OpenedSession:
    """Open a session for who knows the password.

    Raises:
        Unauthenticated: User or password is wrong. Which of them, nobody is told.
        TooManyRequests: This address, or this account, was tried too often.
    """
    state = state_of(connection)
    account = given.user[:_LONGEST_NAME]
    state.sign_ins.attempt(address_of(connection), account)
    if not passwords.is_right(signin.password_of(state.system, account), given.password):
        raise Unauthenticated("user or password is wrong", hint="an administrator can set a new password")
    state.sign_ins.succeeded(address_of(connection), account)
    return signin.open_session(state.system, account, "password")


def check_password(connection: HTTPConnection, user: str, password: str) -> None:
    """Pass where this is the user's password.

    Raises:
        Unauthenticated: It is not.
        TooManyRequests: It was tried too often.
    """
    state = state_of(connection)
    state.sign_ins.attempt(address_of(connection), user)
    if not passwords.is_right(signin.password_of(state.system, user), password):
        raise Unauthenticated("the old password is wrong")
    state.sign_ins.succeeded(address_of(connection), user)


def set_up(connection: HTTPConnection, given: Setup) -> OpenedSession:
    """Make the first administrator and sign them in.

    Raises:
        Unauthenticated: The token is wrong, used or too old, or there is an administrator already.
        InvalidInput: The password is not good enough.
        TooManyRequests: This address tried too often.
    """
    state = state_of(connection)
    state.sign_ins.attempt(address_of(connection), "")
    hashed = passwords.hash_password(given.password, given.user)
    made = setup.make_administrator(state.system, given.token, given.user, hashed)
    firststart.forget(state.settings)
    return signin.open_session(state.system, made.name, "setup token")


def address_of(connection: HTTPConnection) -> str:
    """The address of who asks; that of the proxy where its word is not to be taken."""
    return connection.client.host if connection.client is not None else ""
