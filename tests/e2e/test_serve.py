"""`rollbook serve` as a process of its own: it starts, it is alone, it stops without losing what it began."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import ssl
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.services.processes import listens
from tests.services.registers import counted
from tests.services.server import RollbookServer, running

HERE = "/api/v1/session"


def attempt(data_dir: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Try to start a server that should refuse to."""
    command = [sys.executable, "-m", "rollbook.cli", "serve", "--json", "--data-dir", str(data_dir), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_it_says_where_it_listens_and_ends_well(serve: RollbookServer) -> None:
    assert serve.address == f"http://127.0.0.1:{serve.port}"
    assert httpx2.get(serve.address).status_code == 200
    assert serve.stop() == 0
    told = [json.loads(line) for line in serve.errors.read_text().splitlines()]
    assert [line["event"] for line in told] == ["started", "request", "stopped"]
    assert {line["level"] for line in told} == {"info"}


def test_a_second_server_of_a_data_directory_refuses(serve: RollbookServer) -> None:
    refused = attempt(serve.data_dir, "--port", "0")
    error = json.loads(refused.stderr)["error"]
    assert (refused.returncode, refused.stdout, error["kind"]) == (8, "", "unavailable")
    assert str(serve.process.pid) in error["message"]
    serve.kill()
    with running(serve.data_dir) as successor:
        assert httpx2.get(successor.address).status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org"])
def test_nothing_listens_beyond_this_machine_in_plain_text_unasked(tmp_path: Path, host: str) -> None:
    refused = attempt(tmp_path / "data", "--host", host, "--port", "0")
    error = json.loads(refused.stderr)["error"]
    assert (refused.returncode, error["kind"]) == (2, "invalid_input")
    assert host in error["message"]
    assert "--tls-cert" in error["hint"]
    assert not (tmp_path / "data").exists()


def test_a_port_that_is_taken_is_named(serve: RollbookServer, tmp_path: Path) -> None:
    refused = attempt(tmp_path / "other", "--port", str(serve.port))
    assert (refused.returncode, f"port {serve.port} is in use" in refused.stderr) == (8, True)


def test_it_writes_nothing_that_others_can_read(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with running(tmp_path / "data") as server:
            httpx2.get(server.address + "/api/v1/viewer", headers={"Authorization": f"Bearer {server.keys['root']}"})
            found = [server.data_dir, *server.data_dir.rglob("*")]
            assert [str(path) for path in found if path.stat().st_mode & 0o077] == []
    finally:
        os.umask(before)


def test_programs_go_on_using_the_directory_beside_it(serve: RollbookServer, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("a,b\n1,2\n")
    command = [sys.executable, "-m", "rollbook.cli", "--data-dir", str(serve.data_dir), "--project", "math"]
    logged = [*command, "log", str(tmp_path / "rows.csv"), "--name", "rows", "--type", "dataset"]
    done = subprocess.run(logged, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    key = {"Authorization": f"Bearer {serve.keys['analyst']}"}
    there = f"{serve.address}/api/v1/projects/local/math/version"
    found = httpx2.get(there, params={"reference": "rows:latest"}, headers=key)
    assert (found.status_code, found.json()["number"]) == (200, 0)


@pytest.mark.parametrize("place", ["directory", "server"])
def test_a_password_from_the_command_line_opens_a_session(shared: RollbookServer, place: str) -> None:
    word = f"correct horse staple {place}"
    there = ["--data-dir", str(shared.data_dir)] if place == "directory" else ["--server", shared.address]
    command = [sys.executable, "-m", "rollbook.cli", "user", "password", "viewer", *there]
    environment = {**os.environ, "ROLLBOOK_API_KEY": shared.keys["root"]}
    done = subprocess.run(command, input=f"{word}\n", capture_output=True, text=True, timeout=60, env=environment)
    assert (done.returncode, word in done.stdout + done.stderr) == (0, False), done.stderr
    given = {"user": "viewer", "password": word}
    assert httpx2.post(shared.address + HERE, json=given, headers={"Origin": shared.address}).status_code == 201


def test_the_first_start_hands_out_a_token_that_works_once(tmp_path: Path) -> None:
    counted(tmp_path)
    with running(tmp_path / "data") as server:
        token_file = Path(server.announced["setup_file"])
        token = token_file.read_text().strip()
        assert token in server.errors.read_text()
        assert stat.S_IMODE(token_file.stat().st_mode) == 0o600
        new = {"token": token, "user": "ana", "password": "correct horse staple battery"}
        assert httpx2.post(server.address + "/api/v1/setup", json=new).status_code == 201
        assert httpx2.post(server.address + "/api/v1/setup", json=new | {"user": "bo"}).status_code == 401
        assert not token_file.exists()
    with running(tmp_path / "data") as again:
        assert again.announced["setup_file"] is None


def test_what_was_begun_is_ended_before_it_stops(serve: RollbookServer) -> None:
    """A request is half sent when the signal comes: it is answered, and no new connection is."""
    body = json.dumps({"user": "nobody", "password": "x" * 20}).encode()
    head = f"POST {HERE} HTTP/1.1\r\nHost: 127.0.0.1:{serve.port}\r\nOrigin: {serve.address}\r\n"
    head += f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n"
    with socket.create_connection(("127.0.0.1", serve.port), timeout=30) as connection:
        connection.sendall(head.encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
        connection.sendall(body[:10])
        serve.process.send_signal(signal.SIGTERM)
        until = time.monotonic() + 9
        while listens(serve.port) and time.monotonic() < until:
            time.sleep(0.05)
        assert not listens(serve.port)
        connection.sendall(body[10:])
        assert connection.recv(100).startswith(b"HTTP/1.1 401 ")
    assert serve.stop() == 0


def test_it_speaks_tls(tmp_path: Path) -> None:
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", *subject]
    subprocess.run([*made, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    with running(
        tmp_path / "data", "--host", "0.0.0.0", "--tls-cert", str(certificate), "--tls-key", str(key)
    ) as server:
        assert server.address.startswith("https://127.0.0.1:")
        trusting = ssl.create_default_context(cafile=str(certificate))
        answer = httpx2.get(server.address, verify=trusting)
        assert (answer.status_code, "strict-transport-security" in answer.headers) == (200, True)
        assert "__Host-" in answer.headers["set-cookie"]
        with pytest.raises(httpx2.TransportError):
            httpx2.get(server.address.replace("https", "http"))


def test_only_a_proxy_that_was_named_is_believed(tmp_path: Path) -> None:
    """Five wrong attempts from each of two addresses: the proxy's word tells them apart, nobody else's does."""
    base = "https://rollbook.example.org"
    environment = {"ROLLBOOK_BASE_URL": base}
    wrong = {"user": "nobody", "password": "x" * 20}

    def statuses(server: RollbookServer) -> list[int]:
        told = {"Host": "rollbook.example.org", "Origin": base, "X-Forwarded-Proto": "https"}
        there = f"http://127.0.0.1:{server.port}{HERE}"
        return [
            httpx2.post(there, json=wrong, headers=told | {"X-Forwarded-For": f"192.0.2.{n % 2}"}).status_code
            for n in range(10)
        ]

    with running(tmp_path / "data", "--behind-proxy", "127.0.0.1", environment=environment) as server:
        assert server.address == base
        assert statuses(server) == [401] * 10
        page = httpx2.get(f"http://127.0.0.1:{server.port}/", headers={"Host": "rollbook.example.org"})
        assert "strict-transport-security" in page.headers
        assert "; Secure" in page.headers["set-cookie"]
    with running(tmp_path / "data", "--behind-proxy", "192.0.2.7", environment=environment) as server:
        assert statuses(server) == [401] * 5 + [429] * 5


def converse(server: RollbookServer, sent: bytes, seconds: float = 20) -> bytes:
    """Send bytes as they are, and read until the server closes the connection or says nothing more."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=seconds) as connection:
        connection.sendall(sent)
        received = b""
        try:
            while piece := connection.recv(65536):
                received += piece
                if b"\r\n\r\n" in received:
                    connection.settimeout(0.5)
        except (TimeoutError, ConnectionResetError):
            pass
        return received


HOST = b"Host: 127.0.0.1\r\n"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 40_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + HOST + b"".join(b"X%d: a\r\n" % n for n in range(1000)) + b"\r\n", 431),
        (b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 1_000_000, 431),
        (b"POST /login HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST /login HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 400),
        (b"POST /login HTTP/1.1\r\n" + HOST + b"Content-Length: -5\r\n\r\n", 400),
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 403),
        (b"GET / HTTP/1.0\r\n\r\n", 403),
        (b"GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n", 403),
        (b"GET / HTTP/1.1\r\n" + HOST + b"Host: evil.example\r\n\r\n", 403),
    ],
    ids=lambda value: value[:30].decode() if isinstance(value, bytes) else str(value),
)
def test_what_is_no_decent_request_is_refused(shared: RollbookServer, sent: bytes, status: int) -> None:
    received = converse(shared, sent)
    assert received.startswith(b"HTTP/1.1 %d " % status), received[:200]
    assert b"content-security-policy: default-src 'none'" in received
    assert httpx2.get(shared.address).status_code == 200


def test_a_body_beyond_its_bound_is_refused_while_it_comes(shared: RollbookServer) -> None:
    """The client says that it sends without end; it is answered after the bound, not at the end."""
    key = {"Authorization": f"Bearer {shared.keys['analyst']}", "Content-Type": "application/json"}
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        while sent < 200 * 1024 * 1024:
            sent += 65536
            yield b" " * 65536

    there = f"{shared.address}/api/v1/projects/local/math/runs"
    # The server may close while the client is still sending.
    with contextlib.suppress(httpx2.TransportError):
        assert httpx2.post(there, content=endless(), headers=key, timeout=60).status_code == 413
    assert sent < 100 * 1024 * 1024


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RollbookServer]:
    """One server for tests that leave nothing behind."""
    with running(tmp_path_factory.mktemp("shared") / "data") as server:
        yield server
