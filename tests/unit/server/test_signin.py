"""Signing in from a browser: what opens a session, what a session is worth, and when it ends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from starlette.testclient import TestClient

from rollbook.app import apikeys, setup, signin, users
from rollbook.app.register import Register
from rollbook.model.people import NewKey, NewUser
from rollbook.server import passwords
from rollbook.server.application import create_application
from rollbook.server.settings import Rate, ServerSettings
from rollbook.server.state import State
from tests.services.registers import START

HOST = "http://127.0.0.1"
SESSION = "/api/v1/session"
SECRET = "correct horse staple battery"
OTHER = "four quite different words"
MINUTE = 60 * 1_000_000
REAL = passwords._hasher


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same function with less work: its cost is not what these tests are about."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
    passwords._nobodys.cache_clear()


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> int:
        self.now += 1
        return self.now

    def wait(self, minutes: int) -> None:
        self.now += minutes * MINUTE


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def timed(register: Register, clock: Clock) -> Register:
    """The register, whose time is `clock`, with a person who has a password."""
    timed = replace(register, clock=clock)
    users.add_user(timed, NewUser(name="root", admin=True))
    users.add_user(timed, NewUser(name="bo"))
    signin.set_password(timed, "bo", passwords.hash_password(SECRET, "bo"))
    return timed


@pytest.fixture
def browser(timed: Register, tmp_path: Path) -> Iterator[TestClient]:
    settings = ServerSettings(data_dir=tmp_path / "data", key_rate=Rate(1e5, 100_000))
    application = create_application(State(settings=settings, system=timed))
    with TestClient(
        application, base_url=HOST, headers={"Origin": HOST}, raise_server_exceptions=False, follow_redirects=False
    ) as opened:
        yield opened


def enter(browser: TestClient, password: str = SECRET, user: str = "bo") -> Any:
    return browser.post(SESSION, json={"user": user, "password": password})


def cookie_of(answer: Any) -> str:
    return answer.headers["set-cookie"]


def is_in(browser: TestClient) -> bool:
    return browser.get("/api/v1/viewer").status_code == 200


def test_a_password_opens_a_session(browser: TestClient) -> None:
    opened = enter(browser)
    assert (opened.status_code, opened.json()["user"]) == (201, "bo")
    assert SECRET not in opened.text
    assert browser.get("/api/v1/viewer").json()["name"] == "user:bo"
    assert browser.get(SESSION).json()["csrf"] == opened.json()["csrf"]


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(browser: TestClient) -> None:
    parts = {part.strip().lower() for part in cookie_of(enter(browser)).split(";")}
    assert {"httponly", "samesite=lax", "path=/"} <= parts
    assert not any(part.startswith("domain") for part in parts)


def test_over_tls_the_cookie_is_for_this_host_alone(timed: Register, tmp_path: Path) -> None:
    base = "https://rollbook.example.org"
    settings = ServerSettings(data_dir=tmp_path / "data", base_url=base)
    with TestClient(create_application(State(settings=settings, system=timed)), base_url=base) as secure:
        answer = secure.post(SESSION, json={"user": "bo", "password": SECRET}, headers={"Origin": base})
        assert cookie_of(answer).startswith("__Host-rollbook=")
        assert "; Secure" in cookie_of(answer)
        assert answer.headers["strict-transport-security"].startswith("max-age=")
        assert is_in(secure)


@pytest.mark.parametrize(
    ("user", "password"),
    [("bo", OTHER), ("nobody", SECRET), ("root", SECRET), ("", ""), ("bo", ""), ("bo", "x" * 5000), ("bo\0", SECRET)],
)
def test_what_is_wrong_is_not_told(browser: TestClient, user: str, password: str) -> None:
    refused = enter(browser, password, user)
    assert (refused.status_code, refused.json()["error"]["message"]) == (401, "user or password is wrong")
    assert "set-cookie" not in refused.headers


def test_an_unknown_user_takes_as_much_work_as_a_known_one(
    browser: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str] = []

    class Counting:
        def verify(self, kept: str, password: str) -> bool:
            checked.append(kept)
            return False

        hash = passwords._hasher.hash

    monkeypatch.setattr(passwords, "_hasher", Counting())
    passwords._nobodys.cache_clear()
    enter(browser, OTHER)
    enter(browser, OTHER, "nobody")
    assert len(checked) == 2
    assert all(kept.startswith("$argon2id$") for kept in checked)


def test_a_service_account_has_no_password(browser: TestClient, timed: Register) -> None:
    users.add_user(timed, NewUser(name="ci", service=True))
    with pytest.raises(Exception, match="service account"):
        signin.set_password(timed, "ci", "hash")


def test_a_session_ends_half_an_hour_after_it_was_last_heard_of(browser: TestClient, clock: Clock) -> None:
    enter(browser)
    for _ in range(5):
        clock.wait(25)
        assert is_in(browser)
    clock.wait(31)
    assert not is_in(browser)


def test_a_session_ends_after_twelve_hours_however_busy_it_is(browser: TestClient, clock: Clock) -> None:
    enter(browser)
    for _ in range(12 * 3 - 1):
        clock.wait(20)
        assert is_in(browser)
    clock.wait(20)
    assert not is_in(browser)


def test_signing_out_ends_the_session_and_not_only_the_cookie(browser: TestClient) -> None:
    opened = enter(browser)
    kept = dict(browser.cookies)
    assert browser.delete(SESSION, headers={"X-Rollbook-CSRF": opened.json()["csrf"]}).status_code == 204
    browser.cookies.update(kept)
    assert not is_in(browser)


def test_signing_in_makes_a_new_session_and_ends_the_old(browser: TestClient) -> None:
    enter(browser)
    first = dict(browser.cookies)
    enter(browser)
    assert dict(browser.cookies) != first
    browser.cookies.clear()
    browser.cookies.update(first)
    assert not is_in(browser)


def test_a_cookie_that_was_planted_is_not_taken_over(browser: TestClient) -> None:
    browser.cookies.set("rollbook-plain", "planted", domain="127.0.0.1")
    assert "planted" not in cookie_of(enter(browser))


def test_disabling_somebody_ends_their_sessions(browser: TestClient, timed: Register) -> None:
    enter(browser)
    users.disable_user(timed, "bo")
    assert not is_in(browser)
    users.enable_user(timed, "bo")
    assert not is_in(browser)


def test_a_new_password_ends_every_session_but_the_one_it_opens(browser: TestClient) -> None:
    token = {"X-Rollbook-CSRF": enter(browser).json()["csrf"]}
    old = dict(browser.cookies)
    change = {"old": SECRET, "new": OTHER}
    assert browser.put(SESSION + "/password", json=change).status_code == 403
    assert browser.put(SESSION + "/password", json=change | {"old": OTHER}, headers=token).status_code == 401
    assert browser.put(SESSION + "/password", json=change | {"new": "short"}, headers=token).status_code == 422
    assert browser.put(SESSION + "/password", json=change, headers=token).status_code == 200
    assert is_in(browser)
    browser.cookies.clear()
    browser.cookies.update(old)
    assert not is_in(browser)
    browser.cookies.clear()
    assert enter(browser).status_code == 401
    assert enter(browser, OTHER).status_code == 201


def test_an_administrator_gives_passwords_and_nobody_else_does(browser: TestClient, timed: Register) -> None:
    enter(browser)
    key = {name: apikeys.add_key(timed, NewKey(user=name)).key for name in ("root", "bo")}
    there, given = "/api/v1/users/bo/password", {"password": OTHER}
    assert browser.post(there, json=given, headers={"Authorization": f"Bearer {key['bo']}"}).status_code == 403
    assert is_in(browser)
    assert browser.post(there, json=given, headers={"Authorization": f"Bearer {key['root']}"}).status_code == 200
    assert not is_in(browser)
    assert enter(browser, OTHER).status_code == 201


def test_a_page_of_another_site_cannot_sign_somebody_in(browser: TestClient) -> None:
    for origin in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = browser.post(SESSION, json={"user": "bo", "password": SECRET}, headers=origin)
        assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)


def test_too_many_attempts_have_to_wait(browser: TestClient) -> None:
    statuses = [enter(browser, OTHER).status_code for _ in range(7)]
    assert statuses == [401] * 5 + [429] * 2
    refused = enter(browser)
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) >= 1


def test_whoever_gets_in_has_tried_for_free(browser: TestClient) -> None:
    assert [enter(browser).status_code for _ in range(7)] == [201] * 7


def test_the_first_administrator_needs_a_token_that_works_once(
    register: Register, tmp_path: Path, clock: Clock
) -> None:
    empty = replace(register, clock=clock)
    application = create_application(State(settings=ServerSettings(data_dir=tmp_path / "data"), system=empty))
    with TestClient(application, base_url=HOST) as client:
        late, token = setup.make_token(empty), ""

        def ask(token: str, user: str = "ana", password: str = SECRET) -> int:
            document = {"token": token, "user": user, "password": password}
            return client.post("/api/v1/setup", json=document).status_code

        assert ask("") == 401
        clock.wait(31)
        assert ask(late) == 401
        token = setup.make_token(empty)
        assert ask(token, password="administrator1") == 422
        assert ask(token) == 201
        assert client.get("/api/v1/viewer").json()["admin"]
        assert ask(token, "bo") == 401
    assert not setup.needs_setup(empty)


@pytest.mark.parametrize(
    "password",
    [
        "short",
        "x" * 257,
        "password1234",
        "Password!2026",
        "123456789012",
        "qwertyuiop12",
        "aaaaaaaaaaaa",
        "bertabertaberta",
    ],
)
def test_passwords_that_others_would_try_first_are_refused(password: str) -> None:
    with pytest.raises(Exception, match="the password"):
        passwords.hash_password(password, "berta")


def test_a_hash_is_argon2id_with_the_work_that_its_standard_asks_for() -> None:
    kept = REAL.hash(SECRET)
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_a_hash_is_never_twice_the_same() -> None:
    first, second = (passwords.hash_password(SECRET, "bo") for _ in range(2))
    assert first.startswith("$argon2id$")
    assert first != second
    assert passwords.is_right(first, SECRET)
    assert not passwords.is_right(first, OTHER)
    assert not passwords.is_right(None, "of nobody")


def form_token(page: str) -> str:
    return page.partition('name="token" value="')[2].partition('"')[0]


def test_the_page_signs_in_and_out_by_forms_alone(browser: TestClient) -> None:
    fields = {"token": form_token(browser.get("/").text), "user": "bo", "password": SECRET}
    assert browser.post("/login", data=fields).headers["location"] == "/"
    page = browser.get("/").text
    assert "Signed in as bo" in page
    assert browser.post("/logout", data={"token": form_token(page)}).status_code == 303
    assert not is_in(browser)


@pytest.mark.parametrize("changed", [{"token": ""}, {"token": "guess"}, {"token": "none"}])
def test_a_form_of_another_page_is_refused(browser: TestClient, changed: dict[str, str]) -> None:
    fields = {"token": form_token(browser.get("/").text), "user": "bo", "password": SECRET}
    assert browser.post("/login", data=fields | changed).status_code == 403
    assert browser.post("/login", data=fields, headers={"Origin": "https://evil.example"}).status_code == 403
    browser.cookies.clear()
    assert browser.post("/login", data=fields).status_code == 403


def test_a_form_has_every_field_once_and_is_a_form(browser: TestClient) -> None:
    token = form_token(browser.get("/").text)
    as_form = {"Content-Type": "application/x-www-form-urlencoded"}
    for content in (f"token={token}&user=bo&user=root&password=x", "&".join(f"f{n}=" for n in range(50))):
        assert browser.post("/login", content=content, headers=as_form).status_code == 422
    assert browser.post("/login", content="token=" + "x" * 10_000, headers=as_form).status_code == 413
    assert browser.post("/login", content=f"token={token}", headers={"Content-Type": "text/plain"}).status_code == 422


def test_the_page_shows_what_went_wrong_as_text(browser: TestClient) -> None:
    name = '"><script>alert(1)</script>'
    fields = {"token": form_token(browser.get("/").text), "user": name, "password": OTHER}
    answer = browser.post("/login", data=fields)
    assert answer.status_code == 401
    assert "User or password is wrong." in answer.text
    assert "<script" not in answer.text
    assert "script-src" not in answer.headers["content-security-policy"]
