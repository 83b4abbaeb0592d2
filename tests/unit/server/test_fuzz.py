"""Requests of any shape: whatever is sent, the server answers with a document and never fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.core import NotSet
from starlette.testclient import TestClient

from rollbook.app import commits, runs
from rollbook.app.register import Register
from rollbook.model.facts import NewRun, NewVersion
from rollbook.model.manifest import build
from rollbook.model.permission import Actor

HERE = {"entity": "local", "project": "math"}
REFUSING = (503, 507)


@pytest.fixture
def described(client: TestClient, register: Register, sign_in: Callable[[Actor], None]) -> Any:
    sign_in(Actor("user:fuzz", "local", "owner"))
    runs.start(register, NewRun(project="math"))
    commits.commit(register, NewVersion(project="math", collection="data", type="dataset", manifest=build([])))
    return schemathesis.openapi.from_dict(client.get("/api/v1/openapi.json").json())


def test_no_request_makes_the_server_fail(described: Any, client: TestClient, subtests: pytest.Subtests) -> None:
    statuses: set[int] = set()
    for found in described.get_all_operations():
        operation = found.ok()
        with subtests.test(operation.label):
            _try(operation, client, statuses)
    assert {200, 404, 422} <= statuses, "some requests were right, some were not"


def _try(operation: Any, client: TestClient, statuses: set[int]) -> None:
    @settings(
        max_examples=8,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
        database=None,
        derandomize=True,
    )
    @given(case=operation.as_strategy())
    def send(case: schemathesis.Case) -> None:
        case.path_parameters = {name: HERE.get(name, value) for name, value in case.path_parameters.items()}
        body = {} if isinstance(case.body, NotSet) else _body(case.body)
        headers = {name: value for name, value in case.headers.items() if value.isascii() and value.isprintable()}
        answer = client.request(case.method, case.formatted_path, params=case.query, headers=headers, **body)
        statuses.add(answer.status_code)
        assert answer.status_code < 500 or answer.status_code in REFUSING, answer.text
        if answer.status_code >= 400:
            error = answer.json()["error"]
            assert error["kind"]
            assert error["message"]

    send()


def _body(body: Any) -> dict[str, Any]:
    return {"content": body} if isinstance(body, bytes) else {"json": body}
