"""One server, spoken to by HTTP: documents in, documents out, errors of `rollbook.model.errors` and no others.

A request that may have been done although its answer was lost is sent again with the same `Idempotency-Key`, and the
server tells what it answered the first time. The caller's key goes to this server only: redirects are not followed.
"""

from __future__ import annotations

import os
import secrets
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from random import random
from types import MappingProxyType
from typing import Any, TypeVar
from urllib.parse import quote

import httpx2

from rollbook.model import errors
from rollbook.model.canonical import check_text, decode
from rollbook.model.document import read_document, write_document
from rollbook.model.errors import InvalidInput, RollbookError, Unavailable
from rollbook.model.release import __version__
from rollbook.sdk.remote.retries import AGAIN, USUAL, Patience, pause_before

PREFIX = "/api/v1"
MAX_ANSWER = 1024 * 1024 * 1024
MAX_ERROR = 1024 * 1024
STREAM = "application/x-ndjson"
_TIMEOUT = httpx2.Timeout(60.0, connect=10.0)
_LIMITS = httpx2.Limits(max_connections=16, max_keepalive_connections=16, keepalive_expiry=60.0)

Content = bytes | Callable[[], Iterable[bytes]]
"""The body of a request: bytes, or a function that begins the body anew for every attempt."""

Query = Mapping[str, str | int | bool | None]
Value = TypeVar("Value")
NOTHING: Mapping[str, Any] = MappingProxyType({})


class Client:
    """A pool of connections to one server, with one key. Threads may share it; a forked process gets its own.

    Args:
        server: Its address (`rollbook.sdk.remote.address.check_server`).
        key: API key.
        patience: How often to try again.
        sleep: Waits so many seconds.
    """

    def __init__(
        self, server: str, key: str, *, patience: Patience = USUAL, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self.server = server
        self._key = key
        self._patience = patience
        self._sleep = sleep
        self._pool: httpx2.Client | None = None
        self._process = 0
        self._answered = False
        self._opening = threading.Lock()

    def close(self) -> None:
        """Close every connection. New ones are opened if the client is used again."""
        if self._pool is not None and self._process == os.getpid():
            self._pool.close()
        self._pool = None

    def get(self, path: str, kind: type[Value], **query: str | int | bool | None) -> Value:
        """The document at a path below `/api/v1`; a query parameter that is None is left out."""
        return read_document(self.read("GET", path, query=query), kind)

    def send(self, method: str, path: str, kind: type[Value], document: Any = None, query: Query = NOTHING) -> Value:
        """Send a document and read the answer's. A lost response does not do it twice."""
        body = b"" if document is None else write_document(document)
        return read_document(self.read(method, path, query=query, content=body), kind)

    def read(
        self,
        method: str,
        path: str,
        *,
        query: Query = NOTHING,
        content: Content = b"",
        headers: Mapping[str, str] = NOTHING,
    ) -> bytes:
        """Send a request and return the whole answer; one that breaks off is asked for again.

        Raises:
            Unavailable: The server cannot be reached, or was busy each time it was asked.
            RollbookError: What the server says is wrong.
        """
        request = self._request(method, path, query, content, headers)

        def ask() -> bytes:
            answer = self._answer(request())
            try:
                return _whole(answer, MAX_ANSWER)
            finally:
                answer.close()

        return self._patiently(ask)

    @contextmanager
    def open(
        self,
        method: str,
        path: str,
        *,
        query: Query = NOTHING,
        content: Content = b"",
        headers: Mapping[str, str] = NOTHING,
    ) -> Generator[httpx2.Response]:
        """Send a request and open its answer, whose status is good; its body is not read yet.

        Raises:
            Unavailable: The server cannot be reached, was busy each time it was asked, or breaks off.
            RollbookError: What the server says is wrong.
        """
        request = self._request(method, path, query, content, headers)
        answer = self._patiently(lambda: self._answer(request()))
        try:
            yield answer
        except httpx2.TransportError as error:
            raise _unreachable(self.server, error) from error
        finally:
            answer.close()

    def lines(self, method: str, path: str, document: Any = None, **query: str | int | bool | None) -> Iterator[Any]:
        """The lines of a streamed answer (NDJSON), decoded as they come.

        Raises:
            RollbookError: A line says what went wrong.
            Unavailable: The stream was cut.
        """
        body = b"" if document is None else write_document(document)
        with self.open(method, path, query=query, content=body, headers={"Accept": STREAM}) as answer:
            for line in answer.iter_lines():
                said = decode(line)
                if isinstance(said, dict) and "error" in said:
                    raise error_in(said)
                yield said

    def _patiently(self, ask: Callable[[], Value]) -> Value:
        """What `ask` returns, once it does: it is called again where that can help."""
        attempt = 1
        while True:
            try:
                return ask()
            except httpx2.TransportError as error:
                failure = _Busy(_unreachable(self.server, error), None)
            except _Busy as busy:
                failure = busy
            attempt += 1
            if attempt > (self._patience.attempts if self._answered else self._patience.first_attempts):
                raise failure.error
            self._sleep(pause_before(attempt, self._patience, random, failure.asked))

    def _request(
        self, method: str, path: str, query: Query, content: Content, headers: Mapping[str, str]
    ) -> Callable[[], httpx2.Request]:
        """Makes the request, again for every attempt, always with the same idempotency key."""
        url = f"{self.server}{PREFIX}{path}"
        given = {name: _text(value) for name, value in query.items() if value is not None}
        sent = {**({} if method == "GET" else {"Idempotency-Key": secrets.token_hex(16)}), **headers}

        def made() -> httpx2.Request:
            body = content if isinstance(content, bytes) else content()
            return self._connections().build_request(
                method, url, params=given or None, content=body or None, headers=sent
            )

        return made

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        """The answer to a request, where its status is good."""
        pool = self._connections()
        try:
            answer = pool.send(request, stream=True)
        except RuntimeError as error:
            if not pool.is_closed:
                raise
            raise httpx2.ReadError("closed by another thread") from error
        self._answered = True
        if answer.status_code < 300:
            return answer
        try:
            failure = refusal(answer)
        finally:
            answer.close()
        if answer.status_code in AGAIN:
            raise _Busy(failure, answer.headers.get("Retry-After"))
        raise failure

    def _connections(self) -> httpx2.Client:
        """The pool of this process: connections that a fork inherited must be neither used nor closed."""
        with self._opening:
            if self._pool is None or self._process != os.getpid():
                self._process = os.getpid()
                headers = {"User-Agent": f"rollbook/{__version__}", "Accept-Encoding": "identity"}
                if self._key:
                    headers["Authorization"] = f"Bearer {self._key}"
                self._pool = httpx2.Client(headers=headers, timeout=_TIMEOUT, limits=_LIMITS)
            return self._pool

    def __repr__(self) -> str:
        return f"<Client {self.server}>"


class _Busy(Exception):
    """The server cannot answer now; asking again may help. `asked` is how long it says to wait, in seconds."""

    def __init__(self, error: RollbookError, asked: str | None) -> None:
        super().__init__(str(error))
        self.error = error
        self.asked = asked


def project_path(entity: str, project: str) -> str:
    """The path of a project below `/api/v1`."""
    return f"/projects/{quote(entity, safe='')}/{quote(project, safe='')}"


def refusal(answer: httpx2.Response) -> RollbookError:
    """The error that an answer stands for."""
    try:
        said = decode(_whole(answer, MAX_ERROR))
    except (ValueError, RollbookError, httpx2.TransportError):
        said = None
    if isinstance(said, dict) and isinstance(said.get("error"), dict):
        return error_in(said)
    status = answer.status_code
    if 300 <= status < 400:
        elsewhere = answer.headers.get("Location", "elsewhere")
        return InvalidInput(f"the server sends on to {elsewhere!r}", hint="name that address as the server")
    kind = Unavailable if status in AGAIN else RollbookError
    return kind(f"the server answered with status {status}", hint="is this address a Rollbook server?")


def error_in(said: Mapping[str, Any]) -> RollbookError:
    """The error of an error's document."""
    facts = said["error"]
    return errors.error_of(str(facts.get("kind")), str(facts.get("message")), str(facts.get("hint") or ""))


def _unreachable(server: str, error: Exception) -> Unavailable:
    told = str(error) or type(error).__name__
    return Unavailable(f"{server} cannot be reached: {told}", hint="is the address right, and does the server run?")


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else check_text(str(value), "text")


def _whole(answer: httpx2.Response, limit: int) -> bytes:
    body = bytearray()
    for piece in answer.iter_bytes():
        body += piece
        if len(body) > limit:
            raise RollbookError(f"the server's answer has more than {limit:,} bytes", hint="ask for less")
    return bytes(body)
