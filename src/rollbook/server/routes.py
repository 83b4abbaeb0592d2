"""Declaring routes: what each needs, takes and gives, in one line that is also its documentation."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from rollbook.app.once import once
from rollbook.app.register import Register
from rollbook.model.digest import Digest
from rollbook.model.document import read_document, write_document
from rollbook.model.errors import TooLarge
from rollbook.model.permission import Action
from rollbook.server.gate import Access, Who, enter, project_of
from rollbook.server.schema import schema_of

PREFIX = "/api/v1"
MAX_BODY = 16 * 1024 * 1024
MAX_BYTES = 17 * 1024 * 1024
Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


_BYTES: dict[str, Any] = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}


class Call:
    """A request that passed the gate.

    Attributes:
        register: The register as the caller sees it.
        project: Full name of the project in the path, or "".
        body: The request's document, of the type that the route takes; its bytes where it takes `bytes`; or None.
        request: The request itself.
    """

    def __init__(self, register: Register, project: str, body: Any, request: Request, sent: bytes = b"") -> None:
        self.register = register
        self.project = project
        self.body = body
        self.request = request
        self._sent = sent

    def once(self, verb: Callable[[Register], Any]) -> Any:
        """Do what changes something. A request with an `Idempotency-Key` that was answered before is answered alike."""
        key = self.request.headers.get("Idempotency-Key")
        if key is None:
            return verb(self.register)
        asked = f"{self.request.method} {self.request.url.path}?{self.request.url.query}\n".encode() + self._sent
        answer = once(
            self.register, self.project, key, Digest.sha256(asked), lambda register: write_document(verb(register))
        )
        return Response(answer, media_type=Document.media_type)


class Document(Response):
    """A value as JSON (`rollbook.model.document`)."""

    media_type = "application/json"

    def __init__(self, value: Any, status_code: int = 200) -> None:
        super().__init__(write_document(value), status_code)


class Routes:
    """Routes of one noun, to be included in the application.

    An endpoint is a plain function. Its first parameter is `call: Call`, the others are FastAPI's path and query
    parameters. It returns a value, which becomes the answer's document, or a `Response`.
    """

    def __init__(self, tag: str) -> None:
        self.router = APIRouter(prefix=PREFIX, tags=[tag])
        self.kinds: list[Any] = []

    def add(
        self, method: str, path: str, *, needs: Action | Who, takes: Any = None, gives: Any = None, status: int = 200
    ) -> Callable[[Endpoint], Endpoint]:
        """Declare a route.

        Args:
            method: `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
            path: Below the prefix; `{entity}` and `{project}` in it are what `needs` is asked for on.
            needs: See `rollbook.server.gate.Access`.
            takes: Type of the request's document, `bytes` for plain bytes, or None for none.
            gives: Type of the answer's document, `bytes` for plain bytes, or None for nothing.
            status: Status of success.
        """
        self.kinds += [kind for kind in (takes, gives) if kind not in (None, bytes)]
        access = Access(needs)

        def declare(endpoint: Endpoint) -> Endpoint:
            self.router.add_api_route(
                path,
                _answering(endpoint, access, takes, status),
                methods=[method],
                openapi_extra=_described(takes, gives, status),
                response_model=None,
                status_code=status,
                operation_id=endpoint.__name__,
            )
            return endpoint

        return declare


def _described(takes: Any, gives: Any, status: int) -> dict[str, Any]:
    described: dict[str, Any] = {}
    if takes is not None:
        content = _BYTES if takes is bytes else {"application/json": {"schema": schema_of(takes)}}
        described["requestBody"] = {"required": True, "content": content}
    if gives is not None:
        content = _BYTES if gives is bytes else {"application/json": {"schema": schema_of(gives)}}
        described["responses"] = {str(status): {"description": "Done", "content": content}}
    return described


def _answering(endpoint: Callable[..., Any], access: Access, takes: Any, status: int) -> Callable[..., Any]:
    """The endpoint behind the gate, as FastAPI wants to see it."""

    async def asynchronous(**arguments: Any) -> Response:
        return _response(await endpoint(**arguments), status)

    def synchronous(**arguments: Any) -> Response:
        return _response(endpoint(**arguments), status)

    chosen = asynchronous if inspect.iscoroutinefunction(endpoint) else synchronous
    signature = inspect.signature(endpoint, eval_str=True)
    called = Annotated[Call, Depends(_opening(access, takes))]
    parameters = [
        parameter.replace(annotation=called) if name == "call" else parameter
        for name, parameter in signature.parameters.items()
    ]
    answering = wraps(endpoint)(chosen)
    answering.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=parameters, return_annotation=inspect.Signature.empty
    )
    answering.access = access  # type: ignore[attr-defined]
    return answering


def _response(value: Any, status: int) -> Response:
    if isinstance(value, Response):
        return value
    return Response(status_code=status) if value is None else Document(value, status)


def _opening(access: Access, takes: Any) -> Callable[[Request], Awaitable[Call]]:
    async def opened(request: Request) -> Call:
        register = await run_in_threadpool(enter, request, access)
        sent = b"" if takes is None else await read_body(request, MAX_BYTES if takes is bytes else MAX_BODY)
        body = None if takes is None else sent if takes is bytes else read_document(sent, takes)
        return Call(register, project_of(request, register.actor), body, request, sent)

    return opened


async def read_body(request: Request, limit: int = MAX_BODY) -> bytes:
    """The whole body of a request.

    Raises:
        TooLarge: It has more than `limit` bytes.
    """
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > limit:
            raise TooLarge(f"the request has more than {limit:,} bytes", hint="send files through an upload")
    return bytes(body)
