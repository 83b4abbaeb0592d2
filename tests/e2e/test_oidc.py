"""Signing in through a real identity provider: who gets in, with which roles, and what is refused on the way back."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from rollbook.app import datadir, signin
from rollbook.server import passwords
from tests.services.processes import free_ports
from tests.services.server import RollbookServer, running

CLIENT, SECRET = "rollbook", "a secret between the two"


class Browser(httpx2.Client):
    """Keeps cookies, and stops at every redirect."""

    def go(self, address: str) -> str:
        """Follow one link; where it leads."""
        answer = self.get(address)
        assert answer.status_code in (302, 303), answer.text
        return answer.headers["location"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, iam_server: Any) -> Iterator[RollbookServer]:
    """A server that knows the provider, whose group `tutors` makes analysts of the team `maths`."""
    folder, port = tmp_path_factory.mktemp("oidc"), free_ports(1)[0]
    client = iam_server.models.Client(
        client_id=CLIENT,
        client_secret=SECRET,
        client_name="Rollbook",
        client_uri=f"http://127.0.0.1:{port}",
        redirect_uris=[f"http://127.0.0.1:{port}/oidc/callback"],
        grant_types=["authorization_code"],
        response_types=["code"],
        token_endpoint_auth_method="client_secret_basic",
        scope=["openid", "profile", "groups"],
    )
    iam_server.backend.save(client)
    client.audience = [client]
    iam_server.backend.save(client)
    environment = {
        "ROLLBOOK_OIDC_ISSUER": httpx2.get(f"{iam_server.url}.well-known/openid-configuration").json()["issuer"],
        "ROLLBOOK_OIDC_CLIENT_ID": CLIENT,
        "ROLLBOOK_OIDC_CLIENT_SECRET": SECRET,
        "ROLLBOOK_OIDC_NAME": "Testville",
        "ROLLBOOK_OIDC_SCOPE": "openid profile groups",
        "ROLLBOOK_OIDC_ROLES": "tutors=analyst@maths",
    }
    with running(folder / "data", environment=environment, port=port) as server:
        yield server


@pytest.fixture(autouse=True)
def forget_codes(iam_server: Any) -> None:
    """Take away codes that nobody used.

    The provider's database in memory finds a code by the client as well as by the code itself; so an old one would be
    found in place of a new one.
    """
    for code in iam_server.backend.query(iam_server.models.AuthorizationCode):
        iam_server.backend.delete(code)


@pytest.fixture
def browser(server: RollbookServer) -> Iterator[Browser]:
    with Browser(base_url=server.address) as browser:
        yield browser


@pytest.fixture
def person(iam_server: Any) -> Iterator[Any]:
    """Somebody whom the provider knows and has signed in."""
    user = iam_server.random_user()
    iam_server.login(user)
    iam_server.consent(user)
    yield user
    iam_server.logout()


@pytest.fixture
def tutor(iam_server: Any, person: Any) -> Iterator[Any]:
    """Somebody of the group `tutors`."""
    group = iam_server.models.Group(display_name="tutors", members=[person])
    iam_server.backend.save(group)
    iam_server.backend.reload(person)
    yield person
    iam_server.backend.delete(group)


def alert(answer: httpx2.Response) -> str:
    """What a page says went wrong."""
    return answer.text.partition('role="alert">')[2].partition("<")[0]


def refusal(browser: Browser, back: str) -> str:
    """Why somebody who comes back is not let in."""
    answer = browser.get(back)
    assert answer.status_code == 401, answer.text
    assert browser.get("/api/v1/session").status_code == 401
    return alert(answer).lower()


def test_a_group_gives_an_account_and_its_role(browser: Browser, tutor: Any, server: RollbookServer) -> None:
    assert browser.go(browser.go(browser.go("/oidc/start"))) == "/"
    assert browser.get("/api/v1/session").json()["user"] == tutor.user_name
    viewer = browser.get("/api/v1/viewer").json()
    assert viewer["name"] == f"user:{tutor.user_name}"
    assert [(entity["name"], entity["roles"]) for entity in viewer["entities"]] == [("maths", ["analyst"])]


def test_who_leaves_the_group_loses_its_role(browser: Browser, tutor: Any, iam_server: Any) -> None:
    browser.go(browser.go(browser.go("/oidc/start")))
    group = iam_server.backend.get(iam_server.models.Group, display_name="tutors")
    group.members = [iam_server.random_user()]
    iam_server.backend.save(group)
    iam_server.backend.reload(tutor)
    assert browser.go(browser.go(browser.go("/oidc/start"))) == "/"
    assert browser.get("/api/v1/viewer").json()["entities"] == []


def test_whom_no_group_lets_in_gets_no_account(browser: Browser, person: Any) -> None:
    back = browser.go(browser.go("/oidc/start"))
    assert "has no account here" in refusal(browser, back)


def test_a_name_like_an_administrators_is_nobodys_account(browser: Browser, iam_server: Any) -> None:
    """Neither a name nor an e-mail address at the provider makes somebody who is known here."""
    user = iam_server.random_user(user_name="root", emails=["root@example.org"])
    iam_server.login(user)
    iam_server.consent(user)
    group = iam_server.models.Group(display_name="tutors", members=[user])
    iam_server.backend.save(group)
    iam_server.backend.reload(user)
    browser.go(browser.go(browser.go("/oidc/start")))
    found = browser.get("/api/v1/session").json()["user"]
    assert found.startswith("root-")
    assert not browser.get("/api/v1/viewer").json()["admin"]
    iam_server.backend.delete(group)
    iam_server.logout()


def test_coming_back_works_once(browser: Browser, tutor: Any, server: RollbookServer) -> None:
    back = browser.go(browser.go("/oidc/start"))
    kept = dict(browser.cookies)
    assert browser.go(back) == "/"
    with Browser(base_url=server.address, cookies=kept) as thief:
        assert "begin again" in refusal(thief, back)


def test_only_the_browser_that_left_can_come_back(
    browser: Browser, tutor: Any, server: RollbookServer, iam_server: Any
) -> None:
    back = browser.go(browser.go("/oidc/start"))
    with Browser(base_url=server.address) as other:
        assert "not begun in this browser" in refusal(other, back)
        # One that left itself, but brings what somebody else was given.
        own = other.go(other.go("/oidc/start"))
        code = iam_server.backend.query(
            iam_server.models.AuthorizationCode, code=parse_qs(urlsplit(own).query)["code"][0]
        )
        iam_server.backend.delete(code[0])
        mixed = own.replace(parse_qs(urlsplit(own).query)["code"][0], parse_qs(urlsplit(back).query)["code"][0])
        assert "challenge" in refusal(other, mixed)


@pytest.mark.parametrize("change", ["state=wrong", "state=", "iss=http%3A%2F%2Fevil.example", "code"])
def test_what_comes_back_changed_is_refused(browser: Browser, tutor: Any, change: str) -> None:
    back = browser.go(browser.go("/oidc/start"))
    name, _, value = change.partition("=")
    parts = [part for part in urlsplit(back).query.split("&") if not part.startswith(f"{name}=")]
    parts += [f"{name}={value}"] if "=" in change else []
    assert refusal(browser, f"/oidc/callback?{'&'.join(parts)}")


def test_a_token_for_another_audience_is_refused(browser: Browser, tutor: Any, iam_server: Any) -> None:
    client = iam_server.backend.get(iam_server.models.Client, client_id=CLIENT)
    client.audience = []
    iam_server.backend.save(client)
    assert "aud" in refusal(browser, browser.go(browser.go("/oidc/start")))
    client.audience = [client]
    iam_server.backend.save(client)


def test_somebody_signed_in_links_an_account(browser: Browser, person: Any, server: RollbookServer) -> None:
    sign_in(browser, server)
    page = browser.get("/").text
    link = page.partition('href="/oidc/start?link=')[2].partition('"')[0]
    assert browser.get("/oidc/start?link=guess").status_code == 403
    assert browser.go(browser.go(browser.go(f"/oidc/start?link={link}"))) == "/"
    with Browser(base_url=server.address) as later:
        assert later.go(later.go(later.go("/oidc/start"))) == "/"
        assert later.get("/api/v1/session").json()["user"] == "viewer"


def sign_in(browser: Browser, server: RollbookServer) -> None:
    """Sign in as `viewer`, with a password."""
    register = datadir.open_directory(
        server.data_dir, user="user:owner", clock=lambda: time.time_ns() // 1000, random=secrets.token_bytes
    )
    password = "correct horse staple battery"
    signin.set_password(register, "viewer", passwords.hash_password(password, "viewer"))
    given = {"user": "viewer", "password": password}
    assert browser.post("/api/v1/session", json=given, headers={"Origin": server.address}).status_code == 201
