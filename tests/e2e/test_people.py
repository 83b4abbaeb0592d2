"""The same commands about people on a data directory and with `--server`, and a team member's first day."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rollbook.cli.answers import ANSWERS
from rollbook.cli.main import execute
from tests.services.server import RollbookServer

Told = Callable[..., Any]


@pytest.fixture(params=["directory", "server"])
def manage(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """How to name the register for somebody who manages all of it."""
    monkeypatch.chdir(tmp_path)
    if request.param == "directory":
        assert execute(["init", "data"]) == 0
        return ["--data-dir", "data"]
    server: RollbookServer = request.getfixturevalue("shared_server")
    monkeypatch.setenv("ROLLBOOK_API_KEY", server.keys["root"])
    return ["--server", server.address]


@pytest.fixture
def told(manage: list[str], capsys: pytest.CaptureFixture[str]) -> Told:
    """What a command answers."""

    def call(*arguments: str, code: int = 0) -> Any:
        capsys.readouterr()
        ended = execute([*arguments, *manage, "--json"])
        written = capsys.readouterr()
        assert ended == code, written.err
        return json.loads(written.out if code == 0 else written.err)

    return call


def test_a_team_is_set_up(told: Told) -> None:
    mark = uuid.uuid4().hex[:8]
    ana, school, maths = f"ana-{mark}", f"school-{mark}", f"maths-{mark}"
    assert told("user", "add", ana)["user"]["name"] == ana
    assert told("org", "add", school)["organisation"]["name"] == school
    assert told("team", "add", maths, "--org", school)["team"]["organisation"] == school
    scope = ["--role", "educator", "--scope", "school=12,class=8B"]
    assert told("member", "add", ana, "--to", maths, *scope)["member"]["scope"] == "class=8B,school=12"
    told("member", "add", ana, "--to", f"{maths}/fractions", "--role", "analyst")
    made = told("key", "add", "--user", ana, "--scope", "read", "--in", maths)
    assert made["key"]["projects"] == [maths]
    assert [item["id"] for item in told("key", "ls", "--user", ana)["keys"]] == [made["key"]["id"]]
    assert [item["to"] for item in told("member", "ls", maths)["members"]] == [maths, f"{maths}/fractions"]
    assert [item["to"] for item in told("member", "ls", f"{maths}/fractions")["members"]] == [f"{maths}/fractions"]
    assert [item["name"] for item in told("team", "ls", "--org", school)["teams"]] == [maths]
    assert maths in [item["name"] for item in told("team", "ls")["teams"]]
    assert school in [item["name"] for item in told("org", "ls")["organisations"]]
    assert told("key", "revoke", made["key"]["id"])["key"]["revoked_at"]
    gone = told("member", "remove", ana, "--to", maths, "--role", "educator")["members"]
    assert [item["role"] for item in gone] == ["educator"]
    assert told("user", "disable", ana)["user"]["disabled_at"]
    assert told("user", "enable", ana)["user"]["disabled_at"] is None
    assert ana in [user["name"] for user in told("user", "ls")["users"]]
    assert told("whoami")["viewer"]["admin"]


USER = ("admin", "created_at", "created_by", "disabled_at", "id", "name", "service")
MEMBER = ("added_at", "added_by", "organisation", "role", "scope", "to", "user")
KEY = ("created_at", "created_by", "expires_at", "id", "imported", "last_used_at", "projects", "revoked_at", "scopes")
KEY += ("user",)
PINNED = {
    "user add bo --admin": {"user": USER},
    "user ls": {"users": USER},
    "org add academy": {"organisation": ("created_at", "id", "name")},
    "org ls": {"organisations": ("created_at", "id", "name")},
    "team add maths --org academy": {"team": ("created_at", "created_by", "id", "name", "organisation")},
    "team ls": {"teams": ("created_at", "created_by", "id", "name", "organisation")},
    "member add bo --to maths --role analyst": {"member": MEMBER},
    "member ls maths": {"members": MEMBER},
    "member remove bo --to maths": {"members": MEMBER},
    "key add --user bo --secret 0123456789abcdef0123456789abcdef01234567": {"key": KEY, "secret": ()},
    "key ls": {"keys": KEY},
    "user add second --admin": {"user": USER},
    "user disable bo": {"user": USER},
    "user enable bo": {"user": USER},
    "whoami": {"viewer": ("admin", "default_entity", "entities", "name")},
}
"""Append only: scripts read these. A new key is added here; none is taken away or renamed."""


@pytest.mark.parametrize("manage", ["directory"], indirect=True)
def test_the_keys_of_every_answer_are_pinned(told: Told) -> None:
    for line, pinned in PINNED.items():
        answer = told(*line.split())
        fields = {key: answer[key][0] if isinstance(answer[key], list) else answer[key] for key in answer}
        assert {key: tuple(sorted(value)) for key, value in fields.items()} == pinned, line
        assert answer.keys() == ANSWERS[" ".join(line.split()[: 1 + (line != "whoami")])].keys()
    assert told("key", "revoke", told("key", "ls")["keys"][0]["id"]).keys() == ANSWERS["key revoke"].keys()
    entity = told("whoami")["viewer"]["entities"][0]
    assert sorted(entity) == ["kind", "name", "organisation", "projects", "roles"]


def test_mistakes_are_told_alike(told: Told) -> None:
    errors = [
        told("user", "add", "a/b", code=2),
        told("user", "disable", "nobody-at-all", code=4),
        told("team", "add", "x", "--org", "nowhere", code=4),
        told("member", "add", "nobody-at-all", "--to", "local", "--role", "viewer", code=4),
        told("member", "add", "nobody-at-all", "--to", "local", "--role", "king", code=2),
        told("key", "add", "--user", "nobody-at-all", "--scope", "all", code=2),
        told("key", "revoke", "nothing", code=4),
    ]
    kinds = [error["error"]["kind"] for error in errors]
    assert kinds == [
        *("invalid_name", "not_found", "not_found", "not_found"),
        *("invalid_input", "invalid_input"),
        "not_found",
    ]


def test_a_first_day(
    serve: RollbookServer, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key that ana brings from elsewhere is imported beside the running server, and works with the next request."""
    brought = "0123456789abcdef0123456789abcdef01234567"
    here = ["--data-dir", str(serve.data_dir)]
    assert execute(["user", "add", "ana", *here]) == 0
    assert execute(["member", "add", "ana", "--to", "maths", "--role", "analyst", *here]) == 0
    assert execute(["key", "add", "--user", "ana", "--secret", brought, *here]) == 0
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ROLLBOOK_API_KEY", brought)
    capsys.readouterr()
    assert execute(["whoami", "--server", serve.address, "--json"]) == 0
    viewer = json.loads(capsys.readouterr().out)["viewer"]
    assert (viewer["name"], viewer["default_entity"], viewer["admin"]) == ("user:ana", "maths", False)
    assert execute(["user", "add", "eve", "--server", serve.address]) == 3
    assert execute(["user", "disable", "ana", *here]) == 0
    assert execute(["whoami", "--server", serve.address]) == 3
