"""Space over HTTP: the same verbs, for those who may."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from rollbook.app import commits
from rollbook.app.register import Register
from rollbook.model.facts import NewVersion
from rollbook.model.manifest import build, file_entry
from rollbook.model.permission import Actor, Role

AT = "/api/v1/projects/local/math"


@pytest.fixture
def be(sign_in: Callable[[Actor], None]) -> Callable[[Role], None]:
    return lambda role: sign_in(Actor(f"user:{role}", "local", role))


@pytest.fixture
def filled(register: Register) -> Register:
    for data in (b"one" * 1000, b"two" * 1000):
        with register.blobs.writer() as writer:
            stored = writer.add_bytes(data)
            writer.commit()
        manifest = build([file_entry("file.txt", stored.digest, stored.size)])
        commits.commit(register, NewVersion(project="math", collection="data", type="dataset", manifest=manifest))
    return register


def test_measure_delete_and_bring_back(client: TestClient, filled: Register, be: Callable[[Role], None]) -> None:
    be("owner")
    rows = client.get(f"{AT}/usage").json()["rows"]
    assert [(row["level"], row["name"], row["logical_bytes"]) for row in rows] == [
        ("project", "math", 6000),
        ("collection", "data", 6000),
    ]
    gone = client.post(f"{AT}/deletions", json={"reference": "data:v0", "reason": "old"})
    assert (gone.status_code, gone.json()["reason"]) == (200, "old")
    assert client.get(f"{AT}/version", params={"reference": "data:v0"}).status_code == 404
    assert [one["reference"] for one in client.get(f"{AT}/deletions").json()] == ["data:v0"]
    assert client.post(f"{AT}/undeletions", json={"reference": "data:v0"}).json()["number"] == 0
    assert client.get(f"{AT}/deletions").json() == []


def test_rules_are_set_previewed_and_carried_out(
    client: TestClient, filled: Register, be: Callable[[Role], None]
) -> None:
    be("owner")
    rule = {"keep_last": 1, "keep_used": False}
    assert client.post(f"{AT}/retention", json={"rule": {"keep_last": 0}}).status_code == 422
    assert client.post(f"{AT}/retention", json={"rule": rule, "collection": "data"}).json()["generation"] == 1
    seen = client.get(f"{AT}/retention/preview").json()
    assert [(one["reference"], one["goes"]) for one in seen["versions"]] == [("data:v1", False), ("data:v0", True)]
    assert client.post(f"{AT}/retention/run").json()["applied"]
    assert len(client.get(f"{AT}/retention/preview").json()["versions"]) == 1


def test_collect_and_jobs(client: TestClient, filled: Register, be: Callable[[Role], None]) -> None:
    be("owner")
    assert client.post("/api/v1/collect/local", json={"preview": True}).json()["preview"]
    assert not client.post("/api/v1/collect/local", json={"preview": False}).json()["preview"]
    assert client.post("/api/v1/jobs/local/collect").json()["last_error"] == ""
    assert [job["kind"] for job in client.get("/api/v1/jobs/local").json()] == ["collect"]
    assert client.post("/api/v1/jobs/local/dance").status_code == 422


@pytest.mark.parametrize("role", ["viewer", "educator", "auditor", "service"])
def test_others_may_not(client: TestClient, filled: Register, be: Callable[[Role], None], role: Role) -> None:
    be(role)
    assert client.get(f"{AT}/usage").status_code == 403
    assert client.post(f"{AT}/deletions", json={"reference": "data:v0"}).status_code == 403
    assert client.post(f"{AT}/retention", json={"rule": None}).status_code == 403
    assert client.post("/api/v1/collect/local", json={}).status_code == 403
    assert client.post("/api/v1/jobs/local/collect").status_code == 403
