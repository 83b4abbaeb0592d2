"""One connection: whoever holds it without going on loses it, whoever goes on keeps it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn

from rollbook.server import connection
from rollbook.server.connection import BoundedConnection

WINDOW = 0.6


async def count(scope: Any, receive: Any, send: Any) -> None:
    """Answer with the number of bytes in the body."""
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        size, more = size + len(message["body"]), message.get("more_body", False)
    body = str(size).encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Where a server listens whose patience is short, and that takes few connections."""
    monkeypatch.setattr(connection, "WINDOW_SECONDS", WINDOW)
    monkeypatch.setattr(connection, "MAX_CONNECTIONS", 5)
    with socket.create_server(("127.0.0.1", 0)) as bound:
        config = uvicorn.Config(count, http=BoundedConnection, ws="none", log_config=None, lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([bound],))
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield bound.getsockname()[1]
        server.should_exit = True
        thread.join()


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def is_closed(opened: socket.socket, seconds: float) -> bool:
    opened.settimeout(seconds)
    try:
        return opened.recv(1000) == b""
    except TimeoutError:
        return False
    except ConnectionResetError:
        return True


def drip(opened: socket.socket, pieces: int) -> None:
    """Send a few bytes now and then, until the other end has had enough."""
    for _ in range(pieces):
        try:
            opened.sendall(b"X: y\r\n")
        except OSError:
            return
        time.sleep(WINDOW / 4)


def test_a_connection_on_which_nothing_comes_is_closed(port: int) -> None:
    with connect(port) as idle:
        assert is_closed(idle, 5 * WINDOW)


def test_a_head_that_trickles_is_not_waited_for(port: int) -> None:
    with connect(port) as slow:
        slow.sendall(b"GET / HTTP/1.1\r\n")
        drip(slow, 10)
        assert is_closed(slow, WINDOW)


def test_a_body_that_trickles_is_not_waited_for(port: int) -> None:
    with connect(port) as slow:
        slow.sendall(b"POST / HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n")
        drip(slow, 10)
        assert is_closed(slow, WINDOW)


def test_a_body_that_comes_is_read_however_long_it_takes(port: int) -> None:
    with connect(port) as steady:
        steady.sendall(b"POST / HTTP/1.1\r\nContent-Length: 40960\r\n\r\n")
        for _ in range(20):
            steady.sendall(b"x" * 2048)
            time.sleep(WINDOW / 6)
        assert steady.recv(1000).endswith(b"40960")


def test_who_waits_for_the_answer_is_left_alone(port: int) -> None:
    """A connection between two requests belongs to uvicorn's own clock, which is more patient."""
    with connect(port) as kept:
        kept.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert kept.recv(1000).startswith(b"HTTP/1.1 200")
        assert not is_closed(kept, 3 * WINDOW)
        kept.sendall(b"GET / HTTP/1.1\r\n\r\n")
        kept.settimeout(5)
        assert kept.recv(1000).startswith(b"HTTP/1.1 200")


def test_more_connections_than_there_is_room_for_are_told_so(port: int) -> None:
    held = [connect(port) for _ in range(5)]
    time.sleep(WINDOW / 4)
    with connect(port) as one_more:
        one_more.sendall(b"GET / HTTP/1.1\r\n\r\n")
        told = one_more.recv(2000)
    assert told.startswith(b"HTTP/1.1 503 ")
    assert b"retry-after: 1" in told
    for opened in held:
        opened.close()


def test_far_too_many_connections_are_refused_before_they_ask(port: int) -> None:
    held = [connect(port) for _ in range(10)]
    time.sleep(WINDOW / 4)
    with connect(port) as one_more:
        assert one_more.recv(2000).startswith(b"HTTP/1.1 503 ")
    for one in held:
        one.close()
