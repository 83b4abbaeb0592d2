"""People over HTTP with real keys: who gets in, as whom, and what each may manage."""

from __future__ import annotations

import base64
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from starlette.testclient import TestClient

from rollbook.app import apikeys, members, runs, teams, users
from rollbook.app.register import Register
from rollbook.model.facts import NewRun
from rollbook.model.people import NewKey, NewMember, NewOrganisation, NewTeam, NewUser
from rollbook.model.permission import Actor

API = "/api/v1"
FOREIGN = "0123456789abcdef0123456789abcdef01234567"
Key = Callable[..., str]


@pytest.fixture
def register(register: Register) -> Register:
    """Keys need randomness that is spread over all bytes."""
    return replace(register, random=random.Random(1).randbytes)


@pytest.fixture(autouse=True)
def people(register: Register) -> None:
    """Root runs the server; boss manages a school and lead its team; ana analyses there; eve has no role."""
    users.add_user(register, NewUser(name="root", admin=True))
    for name in ("boss", "lead", "ana", "eve", "teacher"):
        users.add_user(register, NewUser(name=name))
    for organisation, team in (("school", "maths"), ("other", "physics")):
        teams.add_organisation(register, NewOrganisation(name=organisation))
        teams.add_team(register, NewTeam(name=team, organisation=organisation))
    for user, to, role in (("boss", "school", "admin"), ("lead", "maths", "admin"), ("ana", "maths", "analyst")):
        members.add_member(register, NewMember(user=user, to=to, role=role))  # type: ignore[arg-type]


@pytest.fixture
def key(register: Register) -> Key:
    return lambda user, **limits: apikeys.add_key(register, NewKey(user=user, **limits)).key


@pytest.fixture
def ask(client: TestClient, key: Key) -> Callable[..., Any]:
    """Ask as somebody."""
    known: dict[str, str] = {}

    def asked(user: str, method: str, path: str, document: Any = None) -> Any:
        if user not in known:
            known[user] = key(user)
        return client.request(method, API + path, json=document, headers={"Authorization": f"Bearer {known[user]}"})

    return asked


def forms(text: str) -> list[dict[str, str]]:
    """A key in each form of header."""
    basic = base64.b64encode(f"api:{text}".encode()).decode()
    return [{"Authorization": f"Bearer {text}"}, {"Authorization": f"Basic {basic}"}, {"X-API-Key": text}]


class TestKeys:
    def test_every_form_of_header_is_the_same_person(self, client: TestClient, key: Key) -> None:
        text = key("ana")
        told = [client.get(f"{API}/viewer", headers=headers).json() for headers in forms(text)]
        assert told[0]["name"] == "user:ana"
        assert told[0] == told[1] == told[2]

    def test_every_form_of_header_has_the_same_limits(self, client: TestClient, key: Key, register: Register) -> None:
        runs.start(replace(register, actor=Actor("user:ana", "school", "owner")), NewRun(project="maths/a"))
        text = key("ana", scopes=("audit:read",))
        codes = [client.get(f"{API}/projects/maths/a/runs", headers=one).status_code for one in forms(text)]
        assert codes == [403] * 3

    def test_two_different_keys_are_nobody(self, client: TestClient, key: Key) -> None:
        headers = {"Authorization": f"Bearer {key('ana')}", "X-API-Key": key("boss")}
        assert client.get(f"{API}/viewer", headers=headers).status_code == 401

    def test_a_query_string_is_not_looked_at(self, client: TestClient, key: Key) -> None:
        text = key("ana")
        for name in ("key", "api_key", "access_token", "token"):
            assert client.get(f"{API}/viewer", params={name: text}).status_code == 401

    @pytest.mark.parametrize(
        "value",
        ["", "null", "Bearer ", "Basic Og==", "Bearer caf\xe9", "Bearer " + "x" * 5000, "Bearer rb-" + "0" * 57],
    )
    def test_what_is_no_key_is_nobody(self, client: TestClient, value: str) -> None:
        answer = client.get(f"{API}/viewer", headers=[("Authorization", value.encode("latin-1"))])  # type: ignore[arg-type]
        assert answer.status_code == 401
        assert answer.json()["error"]["kind"] == "unauthenticated"

    def test_a_revoked_key_opens_nothing_a_moment_later(self, ask: Any, client: TestClient) -> None:
        made = ask("ana", "POST", "/keys", {"user": "ana"}).json()
        headers = {"X-API-Key": made["key"]}
        assert client.get(f"{API}/viewer", headers=headers).status_code == 200
        assert ask("ana", "POST", f"/keys/{made['facts']['id']}/revoke").status_code == 200
        assert client.get(f"{API}/viewer", headers=headers).status_code == 401

    def test_a_disabled_user_is_out_at_once(self, ask: Any) -> None:
        assert ask("ana", "GET", "/viewer").status_code == 200
        assert ask("root", "POST", "/users/ana/disable").json()["disabled_at"]
        assert ask("ana", "GET", "/viewer").status_code == 401
        assert ask("root", "POST", "/users/ana/enable").status_code == 200
        assert ask("ana", "GET", "/viewer").status_code == 401

    def test_an_imported_key_works_as_wandb_sends_it(self, ask: Any, client: TestClient) -> None:
        made = ask("root", "POST", "/keys", {"user": "ana", "secret": FOREIGN}).json()
        assert made["key"] == ""
        assert client.get(f"{API}/viewer", headers=forms(FOREIGN)[1]).json()["name"] == "user:ana"

    def test_a_lost_answer_never_leaves_a_key_behind(self, client: TestClient, key: Key, register: Register) -> None:
        headers = {"X-API-Key": key("ana"), "Idempotency-Key": "once"}
        made = [client.post(f"{API}/keys", json={"user": "ana"}, headers=headers).json()["key"] for _ in range(2)]
        assert made[0] != made[1]
        register.catalog.close()
        kept = b"".join(path.read_bytes() for path in register.root.rglob("*") if path.is_file())
        assert made[0].encode() not in kept

    def test_a_role_taken_away_is_gone_with_the_next_request(self, ask: Any) -> None:
        assert ask("ana", "GET", "/organisations/school/teams").json()["items"][0]["name"] == "maths"
        ask("boss", "POST", "/entities/maths/members/remove", {"user": "ana", "to": "maths"})
        assert ask("ana", "GET", "/organisations/school/teams").status_code == 404


class TestManaging:
    def test_the_viewer_knows_where_to_work(self, ask: Any) -> None:
        told = ask("ana", "GET", "/viewer").json()
        assert (told["default_entity"], told["admin"]) == ("maths", False)
        assert told["entities"] == [
            {"name": "maths", "kind": "team", "organisation": "school", "roles": ["analyst"], "projects": {}}
        ]

    def test_somebody_without_a_role_is_told_so(self, ask: Any) -> None:
        assert ask("eve", "GET", "/viewer").json()["entities"] == []
        assert ask("eve", "GET", "/projects/maths").status_code == 404

    @pytest.mark.parametrize(
        ("user", "code"), [("root", 200), ("boss", 200), ("lead", 200), ("ana", 403), ("eve", 404)]
    )
    def test_a_role_in_a_team_is_given_by_who_manages_it(self, ask: Any, user: str, code: int) -> None:
        new = {"user": "teacher", "to": "maths", "role": "educator", "scope": "class=8B"}
        assert ask(user, "POST", "/entities/maths/members", new).status_code == code
        found = ask("root", "GET", "/entities/maths/members").json()["items"]
        assert ("teacher" in [item["user"] for item in found]) == (code == 200)

    @pytest.mark.parametrize("user", ["boss", "lead", "ana", "eve"])
    @pytest.mark.parametrize("entity", ["physics", "other", "absent"])
    def test_what_is_elsewhere_is_not_there(self, ask: Any, user: str, entity: str) -> None:
        new = {"user": "teacher", "to": entity, "role": "viewer"}
        answers = [
            ask(user, "POST", f"/entities/{entity}/members", new),
            ask(user, "GET", f"/entities/{entity}/members"),
            ask(user, "GET", f"/organisations/{entity}/teams"),
        ]
        assert {answer.status_code for answer in answers} == {404}
        assert {answer.json()["error"]["message"] for answer in answers} == {f"no team or organisation {entity!r}"}

    def test_the_document_cannot_name_another_place_than_the_path(self, ask: Any) -> None:
        new = {"user": "teacher", "to": "physics", "role": "viewer"}
        assert ask("lead", "POST", "/entities/maths/members", new).status_code == 422
        assert (
            ask("boss", "POST", "/organisations/school/teams", {"name": "x", "organisation": "other"}).status_code
            == 422
        )

    @pytest.mark.parametrize("extra", [{"id": "x"}, {"admin": True, "key": 1}, {"added_by": "user:root"}])
    def test_fields_that_are_not_asked_for_are_refused(self, ask: Any, extra: dict[str, Any]) -> None:
        new = {"user": "teacher", "to": "maths", "role": "viewer"} | extra
        assert ask("boss", "POST", "/entities/maths/members", new).status_code == 422

    @pytest.mark.parametrize("role", ["owner", "root", "", 7])
    def test_a_role_that_cannot_be_given(self, ask: Any, role: Any) -> None:
        new = {"user": "teacher", "to": "maths", "role": role}
        assert ask("boss", "POST", "/entities/maths/members", new).status_code == 422

    @pytest.mark.parametrize("user", ["boss", "lead", "ana", "eve"])
    def test_the_server_is_managed_by_root_alone(self, ask: Any, user: str) -> None:
        answers = [
            ask(user, "GET", "/users"),
            ask(user, "POST", "/users", {"name": "new", "admin": True}),
            ask(user, "POST", "/users/root/disable"),
            ask(user, "POST", f"/users/{user}/enable"),
            ask(user, "POST", "/organisations", {"name": "new"}),
            ask(user, "POST", "/keys", {"user": "root"}),
            ask(user, "POST", "/keys", {"user": user, "secret": FOREIGN}),
            ask(user, "GET", "/keys?user=root"),
        ]
        assert [answer.status_code for answer in answers] == [403] * len(answers)

    def test_root_manages_the_server(self, ask: Any) -> None:
        assert ask("root", "POST", "/users", {"name": "new"}).json()["name"] == "new"
        assert ask("root", "POST", "/users", {"name": "new"}).status_code == 409
        assert "new" in [user["name"] for user in ask("root", "GET", "/users").json()["items"]]
        assert ask("root", "POST", "/organisations", {"name": "third"}).status_code == 200
        assert (
            ask("root", "POST", "/organisations/third/teams", {"name": "t", "organisation": "third"}).status_code == 200
        )
        assert ask("root", "GET", "/organisations/third/teams").json()["items"][0]["name"] == "t"
        assert ask("root", "POST", "/users/root/disable").status_code == 409

    def test_pages_go_on_where_they_ended(self, ask: Any, register: Register) -> None:
        found = ask("root", "GET", "/users?after=boss").json()
        assert [user["name"] for user in found["items"]] == ["eve", "lead", "root", "teacher"]
        assert ask("root", "GET", "/entities/school/members?after=x").status_code == 422

    def test_a_retry_of_a_change_changes_nothing(self, client: TestClient, key: Key) -> None:
        headers = {"X-API-Key": key("root"), "Idempotency-Key": "once"}
        told = [client.post(f"{API}/users", json={"name": "new"}, headers=headers) for _ in range(2)]
        assert [answer.status_code for answer in told] == [200, 200]
        assert told[0].json() == told[1].json()
