"""One server: what is sent again, what is not, and what becomes of errors."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.model import errors
from rollbook.model.errors import InvalidInput, NotFound, RollbookError, Unavailable
from rollbook.sdk.remote.client import Client
from rollbook.sdk.remote.retries import LONGEST_SECONDS, USUAL, Patience, pause_before


class Asked(NamedTuple):
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Answer(NamedTuple):
    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = MappingProxyType({})


CUT = Answer(0)


class Script(ThreadingHTTPServer):
    """A server that answers what it is told to, one answer after the other; the last one for ever."""

    def __init__(self, *answers: Answer) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers = list(answers)
        self.asked: list[Asked] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Script
    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked.append(Asked(self.command, self.path, dict(self.headers), body))
        given = self.server.answers[0] if len(self.server.answers) == 1 else self.server.answers.pop(0)
        if given is CUT:
            self.close_connection = True
            return
        self.send_response(given.status)
        for name, value in {"Content-Length": str(len(given.body)), **given.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(given.body)

    do_GET = do_POST = do_DELETE = do_PATCH = answer  # noqa: N815

    def log_message(self, *_arguments: Any) -> None:
        pass


Serve = Callable[..., tuple[Script, Client]]


@pytest.fixture
def serve() -> Iterator[Serve]:
    running: list[Script] = []

    def start(*answers: Answer, patience: Patience = USUAL) -> tuple[Script, Client]:
        script = Script(*answers)
        running.append(script)
        threading.Thread(target=script.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        client = Client(script.address, "rb-key", patience=patience, sleep=slept.append)
        return script, client

    slept: list[float] = []
    yield start
    for script in running:
        script.shutdown()
        script.server_close()


def refused(status: int, kind: str = "conflict", **headers: str) -> Answer:
    body = {"error": {"kind": kind, "message": f"{kind} here", "hint": "do that"}}
    return Answer(status, json.dumps(body).encode(), headers)


def test_a_request_carries_the_key_and_what_is_asked(serve: Serve) -> None:
    script, client = serve(Answer(body=b'["x"]'))
    found = client.get("/a b", list[str], text="ä&?", number=1, yes=True, no=None)
    assert found == ["x"]
    (asked,) = script.asked
    assert asked.path == "/api/v1/a%20b?text=%C3%A4%26%3F&number=1&yes=true"
    assert asked.headers["Authorization"] == "Bearer rb-key"
    assert "Idempotency-Key" not in asked.headers
    assert "rb-key" not in repr(client)


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_what_may_pass_is_asked_again_with_the_same_key(serve: Serve, status: int) -> None:
    script, client = serve(refused(status, "unavailable"), CUT, Answer(body=b"[1]"))
    assert client.send("POST", "/x", list[int], {"a": 1}) == [1]
    assert len(script.asked) == 3
    assert len({asked.headers["Idempotency-Key"] for asked in script.asked}) == 1
    assert {asked.body for asked in script.asked} == {b'{"a":1}'}


def test_two_requests_have_two_keys(serve: Serve) -> None:
    script, client = serve(Answer())
    for _ in range(2):
        client.send("POST", "/x", dict)
    assert len({asked.headers["Idempotency-Key"] for asked in script.asked}) == 2


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 422, 500, 501, 507])
def test_what_stays_wrong_is_not_asked_again(serve: Serve, status: int) -> None:
    script, client = serve(refused(status))
    with pytest.raises(RollbookError):
        client.send("POST", "/x", dict)
    assert len(script.asked) == 1


@pytest.mark.parametrize("kind", errors._KINDS.values())
def test_every_error_comes_back_as_itself(serve: Serve, kind: type[RollbookError]) -> None:
    _, client = serve(refused(409, kind.kind))
    with pytest.raises(kind) as caught:
        client.get("/x", dict)
    assert type(caught.value) is kind
    assert (caught.value.message, caught.value.hint) == (f"{kind.kind} here", "do that")


def test_an_error_of_a_newer_server_is_still_an_error(serve: Serve) -> None:
    _, client = serve(refused(409, "unheard_of"))
    with pytest.raises(RollbookError, match="unheard_of here"):
        client.get("/x", dict)


@pytest.mark.parametrize("body", [b"<html>Bad gateway</html>", b"", b"[1]", b'{"error": 5}', b"\xff"])
def test_an_error_of_something_in_between_says_its_status(serve: Serve, body: bytes) -> None:
    _, client = serve(Answer(404, body))
    with pytest.raises(RollbookError, match="status 404"):
        client.get("/x", dict)
    _, client = serve(Answer(502, body), patience=Patience(attempts=2))
    with pytest.raises(Unavailable, match="status 502"):
        client.get("/x", dict)


def test_patience_ends(serve: Serve) -> None:
    script, client = serve(refused(503, "unavailable"), patience=Patience(attempts=4))
    with pytest.raises(Unavailable, match="unavailable here"):
        client.get("/x", dict)
    assert len(script.asked) == 4


def test_a_server_that_is_not_there_is_given_up_soon() -> None:
    slept: list[float] = []
    client = Client("http://127.0.0.1:9", "k", sleep=slept.append)
    with pytest.raises(Unavailable, match="cannot be reached"):
        client.get("/x", dict)
    assert len(slept) == Patience().first_attempts - 1


def test_the_key_does_not_follow_a_redirect(serve: Serve) -> None:
    other, _ = serve(Answer())
    script, client = serve(Answer(302, b"", {"Location": f"{other.address}/api/v1/x"}))
    with pytest.raises(InvalidInput, match="sends on to"):
        client.get("/x", dict)
    assert (len(script.asked), len(other.asked)) == (1, 0)


def test_an_answer_that_breaks_off_is_asked_for_again(serve: Serve) -> None:
    half = Answer(body=b'["a', headers={"Content-Length": "5", "Connection": "close"})
    script, client = serve(half, Answer(body=b'["a"]'))
    assert client.get("/x", list[str]) == ["a"]
    assert len(script.asked) == 2


def test_lines_are_read_as_they_come_and_an_error_among_them_is_raised(serve: Serve) -> None:
    error = refused(500, "not_found").body
    _, client = serve(Answer(body=b'{"progress": 1}\n{"result": {"$float": "NaN"}}\n' + error + b"\n"))
    lines = client.lines("POST", "/x")
    assert next(lines) == {"progress": 1}
    assert next(lines)["result"] != 0
    with pytest.raises(NotFound, match="not_found here"):
        next(lines)


def test_text_that_no_server_can_take_is_refused_here(serve: Serve) -> None:
    script, client = serve(Answer())
    for attempt in (
        lambda: client.get("/x", dict, a="\ud800"),
        lambda: client.get("/x", dict, a="\0"),
        lambda: client.send("POST", "/x", dict, {"a": "\ud800"}),
    ):
        with pytest.raises(InvalidInput):
            attempt()
    assert script.asked == []


@given(st.integers(2, 40), st.floats(0, 1), st.none() | st.sampled_from(["0", "3", "9999999", "soon", "-1"]))
def test_pauses_grow_and_are_bounded(attempt: int, drawn: float, asked: str | None) -> None:
    pause = pause_before(attempt, Patience(), lambda: drawn, asked)
    assert 0 < pause <= LONGEST_SECONDS
    assert asked != "3" or pause >= 3


def test_a_forked_child_opens_connections_of_its_own(serve: Serve) -> None:
    program = """
import os, sys
from rollbook.sdk.remote.client import Client
client = Client(sys.argv[1], "k")
assert client.get("/x", dict) == {}
pool = client._connections()
child = os.fork()
if child == 0:
    assert client.get("/x", dict) == {}
    assert client._connections() is not pool
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
assert client.get("/x", dict) == {}
assert client._connections() is pool
"""
    script, _ = serve(Answer())
    subprocess.run([sys.executable, "-W", "ignore", "-c", program, script.address], check=True, timeout=60)
