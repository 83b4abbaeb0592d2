"""Forms of our own pages: read with bounds, and taken only with the token that the page was given."""

from __future__ import annotations

import hmac
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from rollbook.app.signin import new_secret
from rollbook.model.errors import Forbidden, InvalidInput
from rollbook.server.derived import derived
from rollbook.server.routes import read_body
from rollbook.server.sessions import check_origin
from rollbook.server.state import state_of

MAX_BYTES = 8 * 1024
MAX_FIELDS = 10
TOKEN = "token"  # noqa: S105 - the name of a field
_SECURE_COOKIE, _PLAIN_COOKIE = "__Host-rollbook-form", "rollbook-form-plain"


async def read_form(request: Request) -> dict[str, str]:
    """The fields of a form that one of our pages sent.

    Raises:
        Forbidden: Another page sent it.
        InvalidInput: It is no form, or has a field twice.
        TooLarge: It is larger than any form of ours.
    """
    check_origin(request)
    if request.headers.get("content-type", "").partition(";")[0] != "application/x-www-form-urlencoded":
        raise InvalidInput("this is no form", hint="programs use the API: /api/v1/openapi.json")
    text = (await read_body(request, MAX_BYTES)).decode("utf-8", "replace")
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError as error:
        raise InvalidInput(f"the form cannot be read: {error}") from error
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise InvalidInput("the form has a field twice")
    if not hmac.compare_digest(_token(_secret_of(request)).encode(), fields.get(TOKEN, "").encode()):
        raise Forbidden("the form is not from this page, or the page is old", hint="load the page again")
    return fields


def give_token(request: Request) -> tuple[str, str]:
    """The secret that the browser keeps, and the token that the page's forms carry."""
    secret = _secret_of(request) or new_secret(state_of(request).system)
    return secret, _token(secret)


def keep_secret(request: Request, response: Response, secret: str) -> None:
    """Let the browser keep the secret that its forms are checked against."""
    secure = state_of(request).settings.is_secure
    response.set_cookie(_cookie_name(request), secret, path="/", secure=secure, httponly=True, samesite="strict")


def _secret_of(request: Request) -> str:
    return request.cookies.get(_cookie_name(request), "")


def _cookie_name(request: Request) -> str:
    return _SECURE_COOKIE if state_of(request).settings.is_secure else _PLAIN_COOKIE


def _token(secret: str) -> str:
    return derived(secret, "form") if secret else "none"
