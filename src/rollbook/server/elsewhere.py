"""The way to the identity provider and back: what the browser is sent with, and what it must bring."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from rollbook.app import identities, signin
from rollbook.model.errors import Forbidden, NotFound, RollbookError, Unauthenticated
from rollbook.server import pages, sessions
from rollbook.server.derived import derived
from rollbook.server.gate import open_to_all
from rollbook.server.signin import address_of
from rollbook.server.state import state_of

if TYPE_CHECKING:
    from rollbook.server.oidc import Provider

router = APIRouter()
CALLBACK = "/oidc/callback"
_SECURE_COOKIE, _PLAIN_COOKIE = "__Host-rollbook-oidc", "rollbook-oidc-plain"


@open_to_all
def leave(request: Request) -> Response:
    """Send the browser to the provider: to sign in, or with the token of a session to link an account."""
    state = state_of(request)
    provider = _provider(request)
    state.sign_ins.depart(address_of(request))
    linking = "link" in request.query_params
    session = sessions.session_of(request)
    if linking and not (session and hmac.compare_digest(sessions.link_token(session), request.query_params["link"])):
        raise Forbidden("the request lacks the token of this session", hint="load the page again")
    secret = identities.send_away(state.system, linking=linking)
    answer = RedirectResponse(provider.address(secret, _redirect(request)), 303)
    secure = state.settings.is_secure
    # Lax: the browser comes back from another site.
    answer.set_cookie(
        _cookie_name(request),
        secret,
        max_age=identities.AWAY // 1_000_000,
        secure=secure,
        httponly=True,
        samesite="lax",
    )
    return answer


@open_to_all
def arrive(request: Request) -> Response:
    """Take a browser back that signed in there."""
    try:
        answer = _arrived(request)
    except RollbookError as error:
        answer = pages.refused(request, error)
    answer.delete_cookie(_cookie_name(request), secure=state_of(request).settings.is_secure, httponly=True)
    return answer


def _arrived(request: Request) -> Response:
    state, given = state_of(request), request.query_params
    provider = _provider(request)
    secret = request.cookies.get(_cookie_name(request), "")
    if not secret or not hmac.compare_digest(derived(secret, "state"), given.get("state", "")):
        raise Unauthenticated("this sign-in was not begun in this browser", hint="begin again")
    linking = identities.come_back(state.system, secret)
    if "code" not in given or given.get("iss", provider.issuer) != provider.issuer:
        raise Unauthenticated("the identity provider did not let you in", hint="begin again")
    who, grants = provider.subject(secret, _redirect(request), given["code"])
    answer = RedirectResponse("/", 303)
    if linking:
        session = sessions.session_of(request)
        if session is None:
            raise Unauthenticated("the session in which you linked an account is over", hint="begin again")
        identities.link(state.system, session.user.name, who)
        return answer
    user = identities.enter(state.system, who, grants)
    sessions.begin(request, answer, signin.open_session(state.system, user, "identity provider"))
    return answer


def _provider(request: Request) -> Provider:
    provider = state_of(request).provider
    if provider is None:
        raise NotFound("this server has no identity provider", hint="an administrator can set ROLLBOOK_OIDC_ISSUER")
    return provider


def _redirect(request: Request) -> str:
    return f"{sessions.own_address(request)}{CALLBACK}"


def _cookie_name(request: Request) -> str:
    return _SECURE_COOKIE if state_of(request).settings.is_secure else _PLAIN_COOKIE


router.add_route("/oidc/start", leave, ["GET"], include_in_schema=False)
router.add_route(CALLBACK, arrive, ["GET"], include_in_schema=False)
