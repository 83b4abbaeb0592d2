"""What a person sees who opens the server's address in a browser: sign in, sign out, how to connect."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from rollbook.app import setup
from rollbook.app.signin import OpenedSession
from rollbook.model.errors import RollbookError
from rollbook.model.session import Setup, SignIn
from rollbook.server import faults, forms, markup, sessions, signin
from rollbook.server.gate import open_to_all
from rollbook.server.state import state_of

router = APIRouter()


@open_to_all
def show(request: Request) -> Response:
    """The page, as it is for whoever asks."""
    return _page(request)


@open_to_all
async def sign_in(request: Request) -> Response:
    """Take the sign-in form."""
    fields = await forms.read_form(request)
    given = SignIn(user=fields.get("user", ""), password=fields.get("password", ""))
    return await run_in_threadpool(_opening, request, given.user, lambda: signin.sign_in(request, given))


@open_to_all
async def set_up(request: Request) -> Response:
    """Take the form that makes the first administrator."""
    fields = await forms.read_form(request)
    user, password = fields.get("user", ""), fields.get("password", "")
    given = Setup(token=fields.get("setup", "").strip(), user=user, password=password)
    return await run_in_threadpool(_opening, request, user, lambda: signin.set_up(request, given))


@open_to_all
async def sign_out(request: Request) -> Response:
    """Take the sign-out button."""
    await forms.read_form(request)
    answer = RedirectResponse("/", 303)
    await run_in_threadpool(sessions.end, request, answer)
    return answer


def _opening(request: Request, user: str, prove: Callable[[], OpenedSession]) -> Response:
    """Open a session and go to the page, or show it again with what went wrong."""
    try:
        opened = prove()
    except RollbookError as error:
        return refused(request, error, user)
    answer = RedirectResponse("/", 303)
    sessions.begin(request, answer, opened)
    return answer


def refused(request: Request, error: RollbookError, user: str = "") -> Response:
    """The page, with what went wrong."""
    plain = faults.answer_to(error)
    answer = _page(request, plain.status_code, error=error, user=user)
    if "retry-after" in plain.headers:
        answer.headers["Retry-After"] = plain.headers["retry-after"]
    return answer


def _page(request: Request, status: int = 200, *, error: RollbookError | None = None, user: str = "") -> Response:
    state = state_of(request)
    secret, token = forms.give_token(request)
    session = sessions.session_of(request)
    text = " ".join(f"{part[0].upper()}{part[1:]}." for part in (error.message, error.hint) if part) if error else ""
    provider = state.settings.oidc.name if state.settings.oidc else ""
    if session is not None:
        link = f"/oidc/start?link={sessions.link_token(session)}" if provider else ""
        first = markup.signed_in(token, session.user.name, link=link, provider=provider, error=text)
    elif setup.needs_setup(state.system):
        first = markup.setup_form(token, user=user, error=text)
    else:
        first = markup.sign_in_form(token, user=user, error=text, provider=provider)
    content = markup.page([first, markup.connecting(sessions.own_address(request))])
    answer = HTMLResponse(content, status, {"Content-Security-Policy": markup.POLICY})
    forms.keep_secret(request, answer, secret)
    return answer


router.add_route("/", show, ["GET"], include_in_schema=False)
router.add_route("/login", sign_in, ["POST"], include_in_schema=False)
router.add_route("/logout", sign_out, ["POST"], include_in_schema=False)
router.add_route("/setup", set_up, ["POST"], include_in_schema=False)
