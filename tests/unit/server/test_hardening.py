"""What stands before the routes: headers on every answer, names of this server only, bounds on what is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from rollbook.app.register import Register
from rollbook.model.errors import TooManyRequests
from rollbook.server import headers, limits, pages
from rollbook.server.application import create_application
from rollbook.server.gate import open_to_all
from rollbook.server.headers import DEFAULTS
from rollbook.server.limits import Buckets, Shedding, SignInLimits
from rollbook.server.settings import Rate, ServerSettings
from rollbook.server.state import State

HERE = "http://127.0.0.1"


@pytest.fixture
def exposed(register: Register, tmp_path: Path) -> Iterator[TestClient]:
    """A server with another name, and with a route that fails."""
    settings = ServerSettings(data_dir=tmp_path / "data", allowed_hosts=("rollbook.school",), key_rate=Rate(5, 3))
    application = create_application(State(settings=settings, system=register))

    @open_to_all
    async def fail(_request: Any) -> None:
        raise RuntimeError("what nobody must read")

    application.router.add_route("/fail", fail)
    with TestClient(application, base_url=HERE, raise_server_exceptions=False) as client:
        yield client


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 200),
        ("GET", "/api/v1/openapi.json", 200),
        ("GET", "/api/v1/viewer", 401),
        ("GET", "/nowhere", 404),
        ("PATCH", "/", 405),
        ("POST", "/api/v1/setup", 422),
        ("GET", "/fail", 500),
    ],
)
def test_every_answer_carries_the_headers(exposed: TestClient, method: str, path: str, status: int) -> None:
    answer = exposed.request(method, path)
    assert answer.status_code == status
    assert set(DEFAULTS) <= set(answer.headers)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert "no-store" in answer.headers["cache-control"]
    assert "what nobody must read" not in answer.text
    assert "Traceback" not in answer.text


def test_answers_of_an_unknown_host_carry_them_too(exposed: TestClient) -> None:
    assert set(DEFAULTS) <= set(exposed.get("/", headers={"Host": "evil.example"}).headers)


def test_a_route_may_say_something_else(exposed: TestClient) -> None:
    policies = exposed.get("/").headers.get_list("content-security-policy")
    assert policies == [pages.markup.POLICY]


def test_no_policy_lets_a_page_load_from_elsewhere() -> None:
    for policy in (headers.CONTENT_POLICY, pages.markup.POLICY):
        words = policy.replace(";", " ").split()
        assert not any(
            "//" in word or word in ("*", "https:", "http:", "'unsafe-inline'", "'unsafe-eval'") for word in words
        )


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.1:8765", "localhost", "LOCALHOST:1", "[::1]:80", "rollbook.school"]
)
def test_names_of_this_server_are_answered(exposed: TestClient, host: str) -> None:
    assert exposed.get("/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        *("evil.com", "localhost.evil.com", "127.0.0.1.evil.com", "evil.com:8765", "rollbook.school.evil.com"),
        *("localhost:80@evil", "evil/admin?", "", " ", "localhost, evil.com", "localhost\tevil", "[::1", "::1", "0"),
        *("127.1", "2130706433", "localhost.", "xrollbook.school", "rollbook.school:port"),
    ],
)
@pytest.mark.parametrize("path", ["/", "/api/v1/openapi.json", "/api/v1/viewer", "/nowhere", "/healthz"])
def test_other_names_are_refused_on_every_path(exposed: TestClient, host: str, path: str) -> None:
    answer = exposed.get(path, headers={"Host": host})
    assert answer.status_code == 403
    assert answer.json()["error"]["kind"] == "forbidden"


def test_a_request_names_one_host(exposed: TestClient) -> None:
    for several in ([("Host", "localhost"), ("Host", "localhost")], [("Host", "localhost"), ("Host", "evil.com")]):
        assert exposed.get("/", headers=several).status_code == 403


def test_a_websocket_from_elsewhere_is_closed(exposed: TestClient) -> None:
    with pytest.raises(Exception), exposed.websocket_connect("/", headers={"Host": "evil.com"}):  # noqa: B017, PT011
        pass


def test_no_other_origin_is_told_that_it_may_read(exposed: TestClient) -> None:
    asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "GET"}
    asked |= {"Access-Control-Request-Private-Network": "true"}
    for method in ("OPTIONS", "GET"):
        answer = exposed.request(method, "/api/v1/viewer", headers=asked)
        assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_what_a_proxy_would_say_is_not_believed_without_one(exposed: TestClient) -> None:
    forwarded = {"X-Forwarded-Host": "evil.com", "X-Forwarded-Proto": "https", "X-Forwarded-For": "10.0.0.1"}
    assert "http://127.0.0.1" in exposed.get("/", headers=forwarded).text


def test_a_bucket_empties_and_fills_again() -> None:
    now = [0.0]
    buckets = Buckets(Rate(2, 3), lambda: now[0])
    for _ in range(3):
        buckets.take("ana")
    with pytest.raises(TooManyRequests) as refused:
        buckets.take("ana")
    assert refused.value.retry_after == pytest.approx(0.5)
    buckets.take("bo")
    now[0] += 0.5
    buckets.take("ana")
    now[0] += 1000
    for _ in range(3):
        buckets.take("ana")
    with pytest.raises(TooManyRequests):
        buckets.take("ana")
    buckets.give_back("ana")
    buckets.take("ana")


def test_buckets_remember_a_bounded_number_of_callers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_CALLERS", 10)
    buckets = Buckets(Rate(1, 1), lambda: 0.0)
    for number in range(100):
        buckets.take(f"caller {number}")
    assert len(buckets._callers) == 10
    with pytest.raises(TooManyRequests):
        buckets.take("caller 99")


def test_addresses_of_one_network_share_a_limit_where_everybody_has_many() -> None:
    tries = SignInLimits(lambda: 0.0)
    for number in range(5):
        tries.attempt(f"2001:db8::{number:x}", f"user{number}")
    with pytest.raises(TooManyRequests):
        tries.attempt("2001:db8::ffff", "other")
    tries.attempt("2001:db8:1::1", "other")
    tries.attempt("192.0.2.1", "other")


def test_an_account_is_bounded_from_however_many_addresses() -> None:
    tries = SignInLimits(lambda: 0.0)
    for number in range(20):
        tries.attempt(f"192.0.2.{number}", "Ana")
    with pytest.raises(TooManyRequests):
        tries.attempt("198.51.100.1", "ana")


def test_whoever_asks_too_often_is_told_when_to_come_back(exposed: TestClient, register: Register) -> None:
    from tests.services.people import populate

    key = {"Authorization": f"Bearer {populate(register)['viewer']}"}
    answers = [exposed.get("/api/v1/viewer", headers=key) for _ in range(6)]
    assert answers[0].status_code == 200
    assert answers[-1].status_code == 429
    assert answers[-1].json()["error"]["kind"] == "too_many_requests"
    assert int(answers[-1].headers["retry-after"]) >= 1


def test_more_than_can_be_worked_on_is_sent_away_at_once() -> None:
    """Two places: the third request is told to come back, until one of the two is answered."""

    async def story() -> None:
        going, release = asyncio.Event(), asyncio.Event()

        async def slow(_scope: Any, _receive: Any, send: Any) -> None:
            going.set()
            await release.wait()
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b""})

        shedding = Shedding(slow, 2)

        async def ask(path: str = "/") -> tuple[int, dict[str, str]]:
            sent: list[Any] = []

            async def send(message: Any) -> None:
                sent.append(message)

            scope = {"type": "http", "path": path, "method": "GET", "headers": []}
            await shedding(scope, None, send)  # type: ignore[arg-type]
            return sent[0]["status"], {name.decode(): value.decode() for name, value in sent[0]["headers"]}

        first, second = asyncio.create_task(ask()), asyncio.create_task(ask())
        await going.wait()
        await asyncio.sleep(0)
        status, told = await ask()
        assert (status, told["retry-after"], told["connection"]) == (503, "1", "close")
        healthy = asyncio.create_task(ask("/healthz"))
        await asyncio.sleep(0)
        release.set()
        assert [answer[0] for answer in await asyncio.gather(first, second, healthy)] == [200, 200, 200]
        assert (await ask())[0] == 200

    asyncio.run(story())


def test_a_request_that_the_end_of_the_server_cuts_off_may_be_tried_again() -> None:
    async def story() -> None:
        async def endless(_scope: Any, _receive: Any, _send: Any) -> None:
            await asyncio.sleep(60)

        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        hardened = headers.SecurityHeaders(endless, secure=False)
        task = asyncio.create_task(hardened({"type": "http", "method": "GET", "path": "/"}, None, send))  # type: ignore[arg-type]
        await asyncio.sleep(0)
        task.cancel()
        await task
        assert sent[0]["status"] == 503
        assert b"retry-after" in dict(sent[0]["headers"])

    asyncio.run(story())
