"""Signing in and out, one's own password, the first administrator."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from rollbook.app import signin as verbs
from rollbook.app.managing import require_administrator
from rollbook.app.signin import OpenedSession
from rollbook.model.errors import Forbidden, Unauthenticated
from rollbook.model.people import UserFacts
from rollbook.model.session import GivenPassword, NewPassword, SessionFacts, Setup, SignIn
from rollbook.server import passwords, sessions, signin
from rollbook.server.routes import Call, Document, Routes

routes = Routes("signing in")


@routes.add("POST", "/session", needs="anyone", takes=SignIn, gives=SessionFacts, status=201)
def sign_in(call: Call, request: Request) -> Response:
    """Sign in with a password. The answer sets a cookie, and ends the session that the browser had."""
    sessions.check_origin(request)
    return _begun(request, signin.sign_in(request, call.body))


@routes.add("GET", "/session", needs="anyone", gives=SessionFacts)
def show_session(call: Call, request: Request) -> SessionFacts:  # noqa: ARG001
    """Who the browser is signed in as."""
    found = sessions.session_of(request)
    if found is None:
        raise Unauthenticated("nobody is signed in here", hint="POST /api/v1/session signs in")
    return SessionFacts(user=found.user.name, csrf=found.csrf, expires_at=found.expires_at)


@routes.add("DELETE", "/session", needs="member", status=204)
def sign_out(call: Call, request: Request) -> Response:  # noqa: ARG001
    """Sign out: the session ends, and the cookie is void."""
    answer = Response(status_code=204)
    sessions.end(request, answer)
    return answer


@routes.add("PUT", "/session/password", needs="member", takes=NewPassword, gives=SessionFacts)
def change_password(call: Call, request: Request) -> Response:
    """Change one's own password. Every session ends, and a new one begins here."""
    session = sessions.session_of(request)
    if session is None or call.register.actor.name != f"user:{session.user.name}":
        raise Forbidden("a password is changed in a session of one's own", hint="sign in with the old password")
    user = session.user.name
    signin.check_password(request, user, call.body.old)
    verbs.set_password(call.register, user, passwords.hash_password(call.body.new, user))
    return _begun(request, verbs.open_session(call.register, user, "password"), 200)


@routes.add("POST", "/users/{user}/password", needs="people.manage", takes=GivenPassword, gives=UserFacts)
def give_password(call: Call, user: str) -> UserFacts:
    """Give somebody a password; their sessions end. Only for administrators of the server."""
    require_administrator(call.register)
    return verbs.set_password(call.register, user, passwords.hash_password(call.body.password, user))


@routes.add("POST", "/setup", needs="anyone", takes=Setup, gives=SessionFacts, status=201)
def set_up(call: Call, request: Request) -> Response:
    """Make the first administrator with the one-time token, and sign them in."""
    return _begun(request, signin.set_up(request, call.body))


def _begun(request: Request, opened: OpenedSession, status: int = 201) -> Response:
    facts = SessionFacts(user=opened.user, csrf=opened.csrf, expires_at=opened.expires_at)
    answer = Document(facts, status)
    sessions.begin(request, answer, opened)
    return answer
