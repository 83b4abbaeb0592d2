"""From the error tree to HTTP: the one table of status codes, and the one shape of an error's document."""

from __future__ import annotations

import math
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from rollbook.model import errors
from rollbook.server.observed import note_error

STATUS: dict[type[errors.RollbookError], int] = {
    errors.InvalidInput: 422,
    errors.TooLarge: 413,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.AlreadyExists: 409,
    errors.Conflict: 409,
    errors.GateRefused: 409,
    errors.CorruptData: 500,
    errors.Unavailable: 503,
    errors.TooManyRequests: 429,
    errors.StorageFull: 507,
    errors.InternalError: 500,
}
RETRY_AFTER_SECONDS = 1


def status_of(error: errors.RollbookError) -> int:
    """The status of an error: that of its nearest kind in the tree."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def document_of(error: errors.RollbookError) -> dict[str, Any]:
    """What a client is told."""
    return {"error": {"kind": error.kind, "message": error.message, "hint": error.hint}}


def answer_to(error: errors.RollbookError) -> Response:
    """The whole response to an error."""
    status = status_of(error)
    headers: dict[str, str] = {}
    if status == 401:
        # Basic works as well, but a browser that hears of it asks for a password in a window of its own.
        headers["WWW-Authenticate"] = 'Bearer realm="rollbook"'
    if status == 503:
        headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    if isinstance(error, errors.TooManyRequests):
        headers["Retry-After"] = str(math.ceil(error.retry_after))
    if status == 413:
        headers["Connection"] = "close"  # the rest of it is not read
    return JSONResponse(document_of(error), status, headers)


def install(application: FastAPI) -> None:
    """Let every error leave the application in that shape."""

    async def known(request: Request, error: Exception) -> Response:
        assert isinstance(error, errors.RollbookError)
        if status_of(error) >= 500:
            note_error(request.scope, error)
        return answer_to(error)

    async def misread(_request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        first = error.errors()[0]
        where = " ".join(str(part) for part in first["loc"])
        return answer_to(errors.InvalidInput(f"{where}: {first['msg']}", hint="see /api/v1/openapi.json"))

    async def unrouted(_request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        kind = {404: "not_found", 405: "invalid_input"}.get(error.status_code, "error")
        body = {"error": {"kind": kind, "message": str(error.detail), "hint": ""}}
        return JSONResponse(body, error.status_code, dict(error.headers or {}))

    async def unknown(_request: Request, _error: Exception) -> Response:
        return answer_to(errors.InternalError("the server failed on this request", hint="its log says why"))

    application.add_exception_handler(errors.RollbookError, known)
    application.add_exception_handler(RequestValidationError, misread)
    application.add_exception_handler(HTTPException, unrouted)
    application.add_exception_handler(Exception, unknown)
