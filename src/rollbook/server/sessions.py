"""Sessions of browsers: the cookie, who it stands for, and the proof that one of our own pages sent the request.

A cookie is sent by the browser, whoever made the page that caused the request. So a request that may change something
counts as its user's only with the token that our pages were given, and only when the browser says that it comes from
such a page. Keys need neither: no browser adds them by itself.
"""

from __future__ import annotations

import hmac

from starlette.requests import HTTPConnection
from starlette.responses import Response

from rollbook.app import signin
from rollbook.app.people import Person, identity_of
from rollbook.app.signin import OpenedSession, Session
from rollbook.model.errors import Forbidden
from rollbook.server.derived import derived
from rollbook.server.state import State, state_of

CSRF_HEADER = "x-rollbook-csrf"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_SECURE_COOKIE, _PLAIN_COOKIE = "__Host-rollbook", "rollbook-plain"
"""A browser takes `__Host-` only over TLS, for exactly this host; so plain HTTP on loopback has a name of its own."""


def person_of(connection: HTTPConnection) -> Person | None:
    """Who the browser that sends this is signed in as, or None.

    Raises:
        Forbidden: The request may change something, and no page of ours is known to have sent it.
    """
    session = session_of(connection)
    if session is None:
        return None
    if connection.scope["method"] not in SAFE_METHODS:
        check_page(connection, session.csrf, connection.headers.get(CSRF_HEADER, ""))
    return identity_of(state_of(connection).system, session.user.id)


def session_of(connection: HTTPConnection) -> Session | None:
    """The session that the cookie opens, or None. It says who the browser's user is, not that they sent this."""
    state = state_of(connection)
    secret = connection.cookies.get(cookie_name(state), "")
    return signin.session_of(state.system, secret) if secret else None


def check_page(connection: HTTPConnection, expected: str, given: str) -> None:
    """Pass where a page of this server sent the request.

    Raises:
        Forbidden: The token is not that of the session, or the browser names another origin, or none at all.
    """
    check_origin(connection)
    if not hmac.compare_digest(expected.encode(), given.encode()):
        raise Forbidden("the request lacks the token of this session", hint=f"send it as {CSRF_HEADER}; keys need none")


def check_origin(connection: HTTPConnection) -> None:
    """Pass where the browser says that a page of this server sent the request.

    Raises:
        Forbidden: It names another origin, or none at all.
    """
    origin, site = connection.headers.get("origin"), connection.headers.get("sec-fetch-site")
    same = site == "same-origin" if site is not None else origin is not None
    if not same or (origin is not None and origin not in (own_address(connection), _here(connection))):
        raise Forbidden("the request comes from a page of another site", hint="programs sign in with a key")


def own_address(connection: HTTPConnection) -> str:
    """How people reach this server: as was configured, else as this request did."""
    return state_of(connection).settings.base_url or _here(connection)


def _here(connection: HTTPConnection) -> str:
    # The host is one of ours: `hosts.KnownHosts` refused every other.
    return f"{connection.url.scheme}://{connection.headers.get('host', '')}"


def link_token(session: Session) -> str:
    """What a signed-in page adds to the way to the identity provider to link an account there."""
    return derived(session.csrf, "link")


def cookie_name(state: State) -> str:
    """Name of the session's cookie."""
    return _SECURE_COOKIE if state.settings.is_secure else _PLAIN_COOKIE


def begin(connection: HTTPConnection, response: Response, opened: OpenedSession) -> None:
    """Give the browser a session. The one it had, if any, ends."""
    _close(connection)
    state = state_of(connection)
    response.set_cookie(
        cookie_name(state),
        opened.secret,
        max_age=signin.ABSOLUTE // 1_000_000,
        path="/",
        secure=state.settings.is_secure,
        httponly=True,
        samesite="lax",
    )


def end(connection: HTTPConnection, response: Response) -> None:
    """End the browser's session, if any."""
    _close(connection)
    state = state_of(connection)
    response.delete_cookie(cookie_name(state), path="/", secure=state.settings.is_secure, httponly=True, samesite="lax")


def _close(connection: HTTPConnection) -> None:
    state = state_of(connection)
    secret = connection.cookies.get(cookie_name(state), "")
    if secret:
        signin.close_session(state.system, secret)
