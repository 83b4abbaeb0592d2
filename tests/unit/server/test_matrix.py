"""Every route x method x person x tenant: who is let in, who is refused, who must not even learn that it is there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, get_args

import httpx2
import pytest
from starlette.testclient import TestClient

from rollbook.app import runs, signin
from rollbook.model.facts import NewRun
from rollbook.model.permission import GRANTS, Action
from rollbook.server import sessions
from rollbook.server.application import create_application
from rollbook.server.gate import Who
from rollbook.server.settings import Rate, ServerSettings
from rollbook.server.state import State
from tests.services.people import ROLES, populate
from tests.services.registers import counted
from tests.unit.server.matrix import METHODS, Declared, declared, listed

ROUTES = declared()
GUARDED = [route for route in ROUTES if route.needs != "anyone"]
ACTIONS = [route for route in GUARDED if route.needs != "member"]
IN_PROJECT = [route for route in GUARDED if "project" in route.parameters]
IN_ENTITY = [route for route in GUARDED if "entity" in route.parameters]
Ask = Callable[..., Any]


def by_line(routes: list[Declared]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("route", routes, ids=[f"{route.method} {route.path}" for route in routes])


class Served(NamedTuple):
    """A server with people in it."""

    client: TestClient
    keys: Mapping[str, str]

    def ask(self, route: Declared, person: str, /, **names: str) -> Any:
        """Ask for a route as somebody; without a body where one is needed, so that nothing is done."""
        headers = {"Authorization": f"Bearer {self.keys[person]}"} if person else {}
        return self.client.request(route.method, route.at(**names), headers=headers)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("matrix")
    register = counted(folder)
    keys = populate(register)
    runs.start(register, NewRun(project="math"))
    settings = ServerSettings(data_dir=folder / "data", key_rate=Rate(1e6, 1_000_000))
    application = create_application(State(settings=settings, system=register))
    with TestClient(application, base_url="http://127.0.0.1", raise_server_exceptions=False) as client:
        yield Served(client, keys)


def test_every_route_stands_in_the_table_with_what_it_needs() -> None:
    assert [route.line for route in ROUTES] == [route.line for route in listed()], "place new routes in routes.txt"
    assert {route.needs for route in ROUTES} <= {*get_args(Action), *get_args(Who)}


@by_line(GUARDED)
def test_nobody_gets_in_without_a_key(served: Served, route: Declared) -> None:
    for names in ({}, {"entity": "absent"}, {"project": "absent"}):
        assert served.ask(route, "", **names).status_code == 401, names
    wrong = served.client.request(route.method, route.at(), headers={"Authorization": "Bearer " + "x" * 60})
    assert wrong.status_code == 401


@by_line(ACTIONS)
def test_only_roles_that_grant_the_action_get_in(served: Served, route: Declared) -> None:
    for role in ROLES:
        status = served.ask(route, role).status_code
        if route.needs in GRANTS[role]:
            # The verbs ask once more; whoever manages people in one place does not manage the whole server.
            assert status not in (401, 403) or route.needs == "people.manage", role
        else:
            assert status == 403, role
    if route.needs in GRANTS["admin"]:
        assert served.ask(route, "root").status_code not in (401, 403)


@by_line([route for route in GUARDED if route.needs == "member" and not route.parameters])
def test_whoever_is_signed_in_gets_in_where_that_is_all_that_is_needed(served: Served, route: Declared) -> None:
    assert served.ask(route, "nobody").status_code != 401


@by_line(IN_PROJECT)
def test_a_role_elsewhere_shows_no_project(served: Served, route: Declared) -> None:
    """Somebody of the organisation's team `maths` asks for a project outside it."""
    hidden, absent = served.ask(route, "mathematician"), served.ask(route, "mathematician", project="absent")
    if route.needs == "member":
        assert (hidden.status_code == 404) == (absent.status_code == 404)
        return
    assert (hidden.status_code, absent.status_code) == (404, 404)
    assert message(hidden).replace("math", "absent") == message(absent)


@by_line(IN_ENTITY)
@pytest.mark.parametrize("person", ["stranger", "nobody"])
def test_strangers_cannot_tell_a_tenant_from_nothing(served: Served, route: Declared, person: str) -> None:
    foreign, absent = served.ask(route, person), served.ask(route, person, entity="absent")
    assert (foreign.status_code, absent.status_code) == (404, 404)
    assert message(foreign).replace("local", "absent") == message(absent)
    assert set(foreign.headers) == set(absent.headers)


@by_line([route for route in GUARDED if route.method not in sessions.SAFE_METHODS])
def test_a_cookie_alone_changes_nothing(served: Served, route: Declared, cookie: Mapping[str, str]) -> None:
    """A page of another site can make the browser send the cookie, but not the token, nor another origin."""
    forged: list[dict[str, str]] = [
        {},
        {"Origin": "https://evil.example"},
        {"Origin": "http://127.0.0.1"},
        {"Origin": "http://127.0.0.1", "X-Rollbook-CSRF": "guess"},
        {"Origin": "https://evil.example", "X-Rollbook-CSRF": cookie["csrf"]},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1", "X-Rollbook-CSRF": cookie["csrf"]},
        {"X-Rollbook-CSRF": cookie["csrf"]},
    ]
    for headers in forged:
        headers["Cookie"] = cookie["header"]
        answer = served.client.request(route.method, route.at(), headers=headers)
        assert answer.status_code == 403, headers


@pytest.fixture(scope="module")
def cookie(served: Served) -> Mapping[str, str]:
    """The cookie of the administrator's session, and its token."""
    state: State = served.client.app.state.rollbook  # type: ignore[union-attr]
    opened = signin.open_session(state.system, "root", "password")
    return {"header": f"{sessions.cookie_name(state)}={opened.secret}", "csrf": opened.csrf}


def test_methods_that_no_route_has_are_refused(served: Served) -> None:
    known: dict[str, set[str]] = {}
    for route in ROUTES:
        known.setdefault(route.at(), set()).add(route.method)
    for path, methods in known.items():
        for method in set(METHODS) - methods:
            # 401: a neighbour with a parameter has the method, as `blobs/{digest}` beside `blobs/batch`.
            assert served.client.request(method, path).status_code in (401, 405), (method, path)


@pytest.mark.parametrize(
    "twist", ["{0}/", "/{0}", "//{0}", "/.{0}", "/x/..{0}", "{upper}", "{0}%2f", "{0};x", "{0}%00", "/static{0}"]
)
def test_no_other_spelling_of_a_path_is_another_way_in(served: Served, twist: str) -> None:
    for route in GUARDED:
        path = route.at()
        with_twist = twist.format(path, upper=path.upper())
        url = httpx2.URL("http://127.0.0.1").copy_with(raw_path=with_twist.encode())
        assert served.client.request(route.method, str(url)).status_code in (401, 404, 405), with_twist


def message(answer: Any) -> str:
    """What an error says; nothing where a HEAD has no body."""
    return answer.json()["error"]["message"] if answer.content else ""
