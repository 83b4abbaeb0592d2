"""Routes over the application in this process: once, pages, streams, and what each answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
from starlette.testclient import TestClient

from rollbook.app import commits, runs, transfer, verify, versions
from rollbook.app.register import Register
from rollbook.model.canonical import decode
from rollbook.model.digest import Digest
from rollbook.model.document import read_document
from rollbook.model.errors import CorruptData
from rollbook.model.facts import Committed, NewRun, NewVersion
from rollbook.model.manifest import build, file_entry
from rollbook.model.permission import Actor
from rollbook.model.wire import VersionPage
from rollbook.server import streaming

P = "/api/v1/projects/local/math"
STREAM = {"Accept": "application/x-ndjson"}
SignIn = Callable[[Actor], None]


@pytest.fixture(autouse=True)
def somebody(register: Register, sign_in: SignIn) -> None:
    sign_in(Actor("user:ana", "local", "owner"))
    runs.start(register, NewRun(project="math"))


def commit(register: Register, content: bytes) -> Committed:
    with register.blobs.writer() as writer:
        stored = writer.add_bytes(content)
        writer.commit()
    manifest = build([file_entry("f.txt", stored.digest, stored.size)])
    return commits.commit(register, NewVersion(project="math", collection="data", type="dataset", manifest=manifest))


def once(key: str) -> dict[str, str]:
    return {"Idempotency-Key": key}


def test_a_request_that_is_sent_again_is_answered_alike(client: TestClient, register: Register) -> None:
    commit(register, b"1")
    for path, body in (
        ("/runs", {"name": "r"}),
        ("/aliases", {"alias": "a", "reference": "data:v0"}),
        ("/promotions", {"alias": "champion", "reference": "data:v0"}),
        ("/notes", {"collection": "data", "number": 0, "description": "text"}),
    ):
        first, second = (client.post(P + path, json=body, headers=once(path)) for _ in range(2))
        assert first.status_code == 200, first.text
        assert second.content == first.content
        other = client.post(P + path, json={**body, "reason": "x"} if "alias" in body else body, headers=once(path))
        assert (other.status_code == 409) == ("alias" in body)
    assert len(client.get(P + "/moves?collection=data&alias=champion").json()["items"]) == 1
    assert len(client.get(P + "/runs").json()["items"]) == 2


def test_a_key_that_is_too_long_is_refused(client: TestClient) -> None:
    assert client.post(P + "/runs", json={}, headers=once("k" * 129)).status_code == 422


def test_pages_go_on_where_they_ended(client: TestClient, register: Register) -> None:
    for content in (b"1", b"2", b"3"):
        commit(register, content)
    seen: list[int] = []
    after = ""
    while True:
        page = read_document(client.get(f"{P}/versions?collection=data&limit=2{after}").content, VersionPage)
        seen += [item.number for item in page.items]
        if page.next is None:
            break
        after = f"&after={page.next}"
    assert seen == [2, 1, 0]
    for wrong in ("limit=0", "limit=1001", "after=made%20up", "after=aTE"):
        answer = client.get(f"{P}/versions?collection=data&{wrong}")
        assert (answer.status_code, wrong) == (200 if wrong == "after=aTE" else 422, wrong)


def test_a_version_of_blobs_that_were_never_sent_to_the_project_is_refused(
    client: TestClient, register: Register
) -> None:
    with register.blobs.writer() as writer:
        stored = writer.add_bytes(b"of another project")
        sent = writer.add_bytes(build([file_entry("f", stored.digest, stored.size)]).stored_bytes())
        writer.commit()
    body = {"collection": "data", "type": "dataset", "manifest": str(sent.digest)}
    answer = client.post(P + "/versions", json=body)
    assert answer.status_code == 422
    assert "manifest is not stored" in answer.json()["error"]["message"]


def test_a_blob_that_is_no_manifest_makes_no_version(client: TestClient, register: Register, monkeypatch: Any) -> None:
    monkeypatch.setattr(transfer, "holds", lambda *_: True)
    with register.blobs.writer() as writer:
        sent = writer.add_bytes(b"not a manifest")
        writer.commit()
    answer = client.post(P + "/versions", json={"collection": "d", "type": "t", "manifest": str(sent.digest)})
    assert answer.status_code == 422
    assert answer.json()["error"]["kind"] == "invalid_input"


def test_unknown_fields_are_refused(client: TestClient) -> None:
    answer = client.post(P + "/runs", json={"nmae": "x"})
    assert answer.status_code == 422
    assert "nmae" in answer.json()["error"]["message"]


def lines(answer: Any) -> list[Any]:
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    return [decode(line) for line in answer.content.splitlines()]


def test_a_long_answer_tells_how_far_it_is(client: TestClient, register: Register, monkeypatch: Any) -> None:
    commit(register, b"x" * 100_000)
    monkeypatch.setattr(streaming, "BEAT_SECONDS", 0.001)
    told = lines(client.post(P + "/verify", json={}, headers=STREAM))
    assert all(list(line) == ["progress"] for line in told[:-1])
    assert told[-2]["progress"] >= 100_000
    plain = client.post(P + "/verify", json={}).json()
    assert told[-1] == {"result": plain}
    assert plain["versions"] == 1


def test_what_goes_wrong_in_a_long_answer_is_its_last_line(
    client: TestClient, register: Register, monkeypatch: Any
) -> None:
    assert lines(client.post(P + "/verify", json={"reference": "nothing"}, headers=STREAM))[-1]["error"]["kind"] == (
        "not_found"
    )
    assert client.post(P + "/verify", json={"reference": "nothing"}).status_code == 404

    def fail(*_arguments: object, **_options: object) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(verify, "verify", fail)
    (*_, last) = lines(client.post(P + "/verify", json={}, headers=STREAM))
    assert last["error"]["kind"] == "internal_error"
    assert "secret" not in json.dumps(last)
    assert client.post(P + "/verify", json={}).status_code == 500


def test_no_more_is_begun_than_can_be_waited_for(client: TestClient, monkeypatch: Any) -> None:
    import threading

    full = threading.BoundedSemaphore(1)
    full.acquire()
    monkeypatch.setattr(streaming, "_room", full)
    answer = client.post(P + "/verify", json={})
    assert (answer.status_code, answer.json()["error"]["kind"]) == (503, "unavailable")
    assert answer.headers["Retry-After"]


def test_room_is_given_back(client: TestClient, monkeypatch: Any) -> None:
    import threading

    monkeypatch.setattr(streaming, "_room", threading.BoundedSemaphore(1))
    for _ in range(3):
        assert client.post(P + "/verify", json={"reference": "nothing"}).status_code == 404


def test_history_is_sent_in_parts_and_read_as_lines(client: TestClient, register: Register) -> None:
    run = runs.list_runs(register, "math").items[0].id
    where = f"{P}/runs/{run}/history"
    rows = [[0, 1, {"loss": 0.5}], [0, 2, {"more": {"$float": "NaN"}}], [1, 3, {}]]
    body = b"\n".join(msgspec.json.encode(row) for row in rows)
    for _ in range(2):
        assert client.post(f"{where}?first_row=0", content=body).json() == {"rows": 3}
    assert client.get(f"{where}/extent").json() == {"rows": 3}
    answer = client.get(where)
    assert [msgspec.json.decode(line) for line in answer.content.splitlines()] == [*rows, {"rows": 3}]
    gap = client.post(f"{where}?first_row=5", content=body)
    assert (gap.status_code, gap.json()["error"]["hint"]) == (409, "send from 3")
    assert client.post(f"{where}?first_row=-1", content=body).status_code == 422


def test_damage_in_a_history_is_its_last_line(client: TestClient, register: Register, monkeypatch: Any) -> None:
    from rollbook.app import histories
    from rollbook.history import HistoryRow

    def damaged(*_arguments: object) -> Iterator[HistoryRow]:
        yield HistoryRow(0, 1, {"x": 1})
        raise CorruptData("damaged here")

    monkeypatch.setattr(histories, "open_rows", damaged)
    run = runs.list_runs(register, "math").items[0].id
    told = lines(client.get(f"{P}/runs/{run}/history"))
    assert told[0] == [0, 1, {"x": 1}]
    assert told[-1]["error"]["kind"] == "corrupt_data"


def test_a_manifest_is_the_stored_bytes(client: TestClient, register: Register) -> None:
    made = commit(register, b"1").version
    stored = versions.read_manifest(register, made.digest, "math")[1]
    assert client.get(f"{P}/manifest?version={made.digest}").content == stored
    assert client.get(f"{P}/manifest?version={Digest.sha256(b'')}").status_code == 404


def test_the_key_of_pseudonyms_is_kept_nowhere_on_its_way(client: TestClient) -> None:
    answer = client.get(P + "/pseudonym-key")
    assert answer.headers["Cache-Control"] == "no-store"
    assert len(answer.json()["secret"]) == 44


def test_only_projects_in_which_one_has_a_role_are_listed(
    client: TestClient, register: Register, sign_in: SignIn
) -> None:
    runs.start(register, NewRun(project="secret"))
    assert client.get("/api/v1/projects/local").json()["items"] == ["math", "secret"]
    sign_in(Actor("user:bo", "local", None, {"math": ("viewer",)}))
    assert client.get("/api/v1/projects/local").json()["items"] == ["math"]


def test_lineage_does_not_name_what_lies_in_projects_one_cannot_read(
    client: TestClient, register: Register, sign_in: SignIn
) -> None:
    from rollbook.model.facts import Origin
    from rollbook.model.wire import UseDocument

    made = commit(register, b"1").version
    far = runs.start(register, NewRun(project="secret", name="hidden-work"))
    runs.use(register, far.id, "secret", UseDocument(version=made.digest, project="math"))
    with register.blobs.writer() as writer:
        stored = writer.add_bytes(b"2")
        writer.commit()
    manifest = build([file_entry("g", stored.digest, stored.size)])
    commits.commit(
        register,
        NewVersion(
            project="secret", collection="hidden_data", type="dataset", manifest=manifest, origin=Origin(run=far.id)
        ),
    )
    whole = client.get(f"{P}/lineage?reference=data:v0").text
    assert "hidden-work" in whole
    assert "secret/hidden_data:v0" in whole
    sign_in(Actor("user:bo", "local", None, {"math": ("analyst",)}))
    seen = client.get(f"{P}/lineage?reference=data:v0")
    assert "hidden-work" not in seen.text
    assert "hidden_data" not in seen.text
    assert [node["name"] for node in seen.json()["nodes"]].count("hidden") == 2


def test_one_project_does_not_verify_the_others(client: TestClient, sign_in: SignIn) -> None:
    sign_in(Actor("user:bo", "local", None, {"math": ("auditor",)}))
    assert client.post(P + "/verify", json={}).status_code == 403
