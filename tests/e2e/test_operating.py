"""A server as its operator sees it: alive, ready, counted, logged without secrets, listened to, stopped."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

import rollbook
from rollbook.model.errors import RollbookError
from tests.services.server import ROOT, RollbookServer, running

STREAM = "text/event-stream"
THROUGH_PROXY = {"X-Forwarded-For": "192.0.2.7"}


def key(server: RollbookServer, person: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {server.keys[person]}"}


def lines(server: RollbookServer) -> list[dict[str, Any]]:
    """What the server has logged; whatever else stands on its standard error fails the test."""
    return [json.loads(line) for line in server.errors.read_text().splitlines()]


def counted(server: RollbookServer, sample: str) -> float:
    text = httpx2.get(f"{server.address}/metrics").text
    found = [line.rpartition(" ")[2] for line in text.splitlines() if line.startswith(sample)]
    return sum(map(float, found))


@contextmanager
def as_analyst(server: RollbookServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as changed:
        changed.setenv("ROLLBOOK_SERVER", server.address)
        changed.setenv("ROLLBOOK_ENTITY", "local")
        changed.setenv("ROLLBOOK_API_KEY", server.keys["analyst"])
        yield


def test_who_sees_how_the_server_is(serve: RollbookServer) -> None:
    assert httpx2.get(f"{serve.address}/healthz", headers=THROUGH_PROXY).text == "ok\n"
    here = httpx2.get(f"{serve.address}/ready").json()
    assert here["ready"] is True
    assert {check["check"] for check in here["checks"]} == {"data directory", "catalog", "store", "disk"}
    assert httpx2.get(f"{serve.address}/metrics").status_code == 200
    for person, sees in (("", False), ("analyst", False), ("stranger", False), ("auditor", True), ("admin", True)):
        headers = THROUGH_PROXY | (key(serve, person) if person else {})
        told = httpx2.get(f"{serve.address}/ready", headers=headers)
        assert (told.status_code, "checks" in told.json()) == (200, sees), person
        status = httpx2.get(f"{serve.address}/metrics", headers=headers).status_code
        assert status == (200 if sees else 403 if person else 401), person


def test_what_is_missing_makes_it_not_ready_but_not_dead(serve: RollbookServer) -> None:
    marker = serve.data_dir / "rollbook.json"
    marker.rename(marker.with_suffix(".away"))
    until(lambda: httpx2.get(f"{serve.address}/ready").status_code == 503)
    told = httpx2.get(f"{serve.address}/ready").json()
    assert [check["check"] for check in told["checks"] if check["status"] == "fail"] == ["data directory"]
    assert httpx2.get(f"{serve.address}/ready", headers=THROUGH_PROXY).json() == {"ready": False}
    assert httpx2.get(f"{serve.address}/healthz").status_code == 200
    marker.with_suffix(".away").rename(marker)
    until(lambda: httpx2.get(f"{serve.address}/ready").status_code == 200)


def test_a_schema_of_a_newer_release_is_refused(tmp_path: Path) -> None:
    with running(tmp_path / "served") as server:
        with sqlite3.connect(server.data_dir / "catalog.sqlite") as catalog:
            catalog.execute("UPDATE alembic_version SET version_num = '9999'")
        catalog.close()
        until(lambda: httpx2.get(f"{server.address}/ready").status_code == 503)
        failing = [
            check for check in httpx2.get(f"{server.address}/ready").json()["checks"] if check["status"] == "fail"
        ]
        assert "9999" in failing[0]["message"]
    words = [sys.executable, "-m", "rollbook.cli", "serve", "--port", "0", "--data-dir", str(tmp_path / "served")]
    refused = subprocess.run(words, capture_output=True, text=True, timeout=60, cwd=ROOT)
    assert refused.returncode == 7
    assert "'9999'" in refused.stderr
    assert "install a newer Rollbook" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_requests_are_counted_by_route_and_not_by_path(
    serve: RollbookServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "model.bin").write_bytes(os.urandom(300_000))
    with as_analyst(serve, monkeypatch), rollbook.init(project="math", save_code=False) as run:
        run.log_artifact(tmp_path / "model.bin", "tutor", "model")
    runs = 'rollbook_requests_total{method="GET",route="/api/v1/projects/{entity}/{project}/runs",status="200"}'
    httpx2.get(f"{serve.address}/api/v1/projects/local/math/runs", headers=key(serve, "analyst"))
    assert counted(serve, runs) == 1
    for number in range(20):
        httpx2.get(f"{serve.address}/made-up/{number}")
    text = httpx2.get(f"{serve.address}/metrics").text
    assert "made-up" not in text
    assert counted(serve, 'rollbook_requests_total{method="GET",route="unmatched"') == 20
    assert counted(serve, 'rollbook_body_bytes_total{direction="in"}') > 300_000
    assert counted(serve, 'rollbook_catalog_transaction_seconds_count{kind="write"}') > 3
    assert counted(serve, "rollbook_jobs") == counted(serve, "rollbook_jobs{")
    assert "math" not in text
    assert "analyst" not in text


def test_nothing_that_was_sent_stands_in_the_log(
    serve: RollbookServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    secrets = [f"canary{name}{os.urandom(8).hex()}" for name in "abcdefgh"]
    in_query, in_cookie, in_bearer, in_path, in_body, in_file, in_password, in_config = secrets
    (tmp_path / "file.txt").write_text(in_file)
    with as_analyst(serve, monkeypatch), rollbook.init(project="math", config={"x": in_config}, save_code=False) as run:
        run.log_artifact(tmp_path / "file.txt", "tutor", "model", metadata={"note": in_body})
    base = f"{serve.address}/api/v1"
    asked = [
        httpx2.get(f"{base}/projects/local/math/runs", params={"group": in_query}, headers=key(serve, "analyst")),
        httpx2.get(f"{base}/projects/local/math/runs", headers={"Cookie": f"rollbook-plain={in_cookie}"}),
        httpx2.get(f"{base}/projects/local/math/runs", headers={"Authorization": f"Bearer {in_bearer}"}),
        httpx2.get(f"{base}/projects/local/math/runs", headers={"X-API-Key": in_bearer}),
        httpx2.get(f"{base}/projects/local/{in_path}/runs", headers=key(serve, "stranger")),
        httpx2.get(f"{serve.address}/{in_path}"),
        httpx2.post(f"{base}/projects/local/math/search", content=in_body, headers=key(serve, "analyst")),
        httpx2.post(f"{base}/session", json={"user": "root", "password": in_password}),
    ]
    assert {answer.status_code for answer in asked} >= {200, 401, 404}
    until(lambda: len([line for line in lines(serve) if line["event"] == "request"]) >= len(asked))
    serve.stop()
    text = serve.errors.read_text()
    assert [secret for secret in secrets if secret in text] == []
    assert [person for person, secret in serve.keys.items() if secret in text] == []
    requests = [line for line in lines(serve) if line["event"] == "request"]
    assert {line["caller"] for line in requests if "caller" in line} == {"user:analyst", "user:stranger"}
    assert {line["project"] for line in requests if "project" in line} == {"math"}
    assert len({line["request"] for line in requests}) == len(requests)
    assert asked[0].headers["x-request-id"] in {line["request"] for line in requests}


def test_a_fault_of_the_server_is_logged_with_where_it_happened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = {"ROLLBOOK_FAIL": "commit.before_db:eio"}
    with running(tmp_path / "served", "--enable-failpoints", environment=told) as server:
        with as_analyst(server, monkeypatch), pytest.raises(RollbookError):
            commit_anything(tmp_path)
        until(lambda: any(line.get("status") == 500 for line in lines(server)))
        line = next(line for line in lines(server) if line.get("status") == 500)
    assert (line["level"], line["error"], line["errno"]) == ("error", "OSError", 5)
    assert any("app/commits.py" in frame for frame in line["frames"])


def test_failpoints_are_for_those_who_ask_in_so_many_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = {"ROLLBOOK_FAIL": "commit.before_db:kill"}
    with running(tmp_path / "served", environment=told) as server, as_analyst(server, monkeypatch):
        commit_anything(tmp_path)


def commit_anything(folder: Path) -> None:
    (folder / "model.bin").write_bytes(b"1")
    with rollbook.init(project="math", save_code=False) as run:
        run.log_artifact(folder / "model.bin", "tutor", "model")


@pytest.mark.parametrize("broken", ["closed", "full", "unread"])
def test_a_log_that_cannot_be_written_stops_nobody(tmp_path: Path, broken: str) -> None:
    with running(tmp_path / "served") as prepared:
        keys = prepared.keys
    reading, writing = os.pipe()
    errors = os.open("/dev/full", os.O_WRONLY) if broken == "full" else writing
    words = [sys.executable, "-m", "rollbook.cli", "serve", "--json", "--port", "0"]
    process = subprocess.Popen(
        [*words, "--data-dir", str(tmp_path / "served")], stdout=subprocess.PIPE, stderr=errors, cwd=ROOT, text=True
    )
    try:
        assert process.stdout is not None
        announced = ""
        while not announced.endswith("\n}\n"):
            announced += process.stdout.readline()
        if broken == "closed":
            os.close(reading)
        address = json.loads(announced)["address"]
        headers = {"Authorization": f"Bearer {keys['analyst']}"}
        # More than a pipe holds, where nobody reads it.
        with httpx2.Client(headers=headers) as client:
            for _ in range(600 if broken == "unread" else 20):
                assert client.get(f"{address}/api/v1/nothing").status_code == 404
        lost = httpx2.get(f"{address}/metrics").text
        assert ("rollbook_log_lines_lost 0.0" in lost) == (broken == "unread")
        process.terminate()
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.stdout.close() if process.stdout else None
        os.close(writing)
        if errors != writing:
            os.close(errors)
        if broken != "closed":
            os.close(reading)


class Heard:
    """What somebody hears who listens to a project, in a thread."""

    def __init__(self, server: RollbookServer, person: str, last: str = "") -> None:
        self.events: list[tuple[str, str, Any]] = []
        self.status = 0
        self.ended = threading.Event()
        self._url = f"{server.address}/api/v1/projects/local/math/events"
        self._headers = key(server, person) | {"Accept": STREAM} | ({"Last-Event-ID": last} if last else {})
        self._closing = False
        threading.Thread(target=self._listen, daemon=True).start()
        until(lambda: self.events or self.ended.is_set())

    def close(self) -> None:
        self._closing = True

    @property
    def last(self) -> str:
        return next(event[0] for event in reversed(self.events) if event[0])

    def moved(self) -> list[tuple[str, str]]:
        return [(data["kind"], data["action"]) for _, kind, data in self.events if kind == "moved"]

    def _listen(self) -> None:
        try:
            with httpx2.stream("GET", self._url, headers=self._headers, timeout=30) as answer:
                self.status = answer.status_code
                event: dict[str, str] = {}
                for line in answer.iter_lines():
                    if self._closing:
                        return
                    name, _, value = line.partition(": ")
                    if line:
                        event[name] = value
                    elif "data" in event:
                        self.events.append((event.get("id", ""), event["event"], json.loads(event["data"])))
                        event = {}
        except httpx2.TransportError:
            pass
        finally:
            self.ended.set()


def test_listeners_hear_what_moves_and_go_on_where_they_were(
    serve: RollbookServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "model.bin").write_bytes(b"1")
    with as_analyst(serve, monkeypatch):
        rollbook.init(project="math", save_code=False).finish()
        heard = Heard(serve, "service")
        with rollbook.init(project="math", save_code=False) as run:
            run.log_artifact(tmp_path / "model.bin", "tutor", "model")
        until(lambda: ("run", "run.finish") in heard.moved())
        assert ("run", "run.start") in heard.moved()
        assert ("collection", "version.commit") in heard.moved()
        assert {data["name"] for _, _, data in heard.events if data.get("kind") == "collection"} == {"tutor"}
        heard.close()
        rollbook.Api(project="math").alias("tutor:v0", "fresh")
        again = Heard(serve, "service", heard.last)
        until(lambda: any(action.startswith("alias.") for _, action in again.moved()))
        assert ("collection", "version.commit") not in again.moved()
    begun = time.monotonic()
    assert serve.stop() == 0
    assert again.ended.wait(10)
    assert time.monotonic() - begun < 9  # streams end by themselves; nobody waits until they are cut


def test_whoever_may_not_read_runs_hears_nothing(serve: RollbookServer, monkeypatch: pytest.MonkeyPatch) -> None:
    with as_analyst(serve, monkeypatch):
        rollbook.init(project="math", save_code=False).finish()
    url = f"{serve.address}/api/v1/projects/local/math/events"
    for person, status in (("viewer", 403), ("educator", 403), ("stranger", 404), ("mathematician", 404)):
        assert httpx2.get(url, headers=key(serve, person) | {"Accept": STREAM}).status_code == status, person
    plain = httpx2.get(url, headers=key(serve, "analyst"))
    assert plain.status_code == 422
    assert STREAM in plain.json()["error"]["hint"]


def until(true: Any, seconds: float = 30) -> None:
    """Wait for something to become true."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)
