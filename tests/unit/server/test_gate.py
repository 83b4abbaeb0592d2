"""The gate: strangers stay outside, and what a caller may not know of is not there."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from rollbook.app import runs
from rollbook.app.register import Register
from rollbook.model.facts import NewRun
from rollbook.model.permission import Actor

WHERE = "/api/v1/projects/local/math/versions?collection=data"
SignIn = Callable[[Actor], None]


@pytest.fixture(autouse=True)
def project(register: Register) -> None:
    runs.start(register, NewRun(project="math"))


def test_nobody_is_told_how_to_sign_in(client: TestClient) -> None:
    answer = client.get(WHERE)
    assert answer.status_code == 401
    assert "Bearer" in answer.headers["WWW-Authenticate"]
    assert answer.json()["error"]["kind"] == "unauthenticated"


def test_who_may_read_passes(client: TestClient, sign_in: SignIn) -> None:
    sign_in(Actor("user:bo", "local", "analyst"))
    assert "no collection" in client.get(WHERE).json()["error"]["message"]


def test_who_has_a_role_that_may_not_is_refused(client: TestClient, sign_in: SignIn) -> None:
    sign_in(Actor("user:bo", "local", "viewer"))
    assert client.get(WHERE).status_code == 403


def test_a_role_elsewhere_shows_no_project(client: TestClient, sign_in: SignIn) -> None:
    sign_in(Actor("user:bo", "local", None, {"essays": ("analyst",)}))
    hidden = client.get(WHERE)
    absent = client.get(WHERE.replace("math", "absent"))
    assert (hidden.status_code, absent.status_code) == (404, 404)
    assert hidden.json()["error"]["message"].replace("math", "absent") == absent.json()["error"]["message"]


def test_a_stranger_sees_no_entity(client: TestClient, sign_in: SignIn) -> None:
    sign_in(Actor("user:bo", "elsewhere", "analyst"))
    assert client.get(WHERE).status_code == 404
