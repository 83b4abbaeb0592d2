"""Managing people from the command line, on a data directory."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rollbook.cli.people import days_of
from rollbook.model import apikey
from rollbook.model.errors import InvalidInput

FOREIGN = "0123456789abcdef0123456789abcdef01234567"
Rollbook = Callable[..., Any]


@pytest.fixture(autouse=True)
def _owner(monkeypatch: pytest.MonkeyPatch, rollbook: Rollbook) -> None:
    monkeypatch.setenv("ROLLBOOK_USER", "owner")
    for name in ("ROLLBOOK_SERVER", "ROLLBOOK_DATA", "ROLLBOOK_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    assert rollbook("init").code == 0


@pytest.fixture
def told(rollbook: Rollbook) -> Callable[..., Any]:
    """The JSON answer of a call that works."""

    def call(*arguments: str) -> Any:
        ended = rollbook(*arguments, "--json")
        assert ended.code == 0, ended.err
        return ended.json()

    return call


def test_a_team_is_set_up(told: Any, rollbook: Rollbook) -> None:
    assert told("user", "add", "ana")["user"]["name"] == "ana"
    assert told("user", "add", "ci", "--service")["user"]["service"]
    assert told("user", "add", "root", "--admin")["user"]["admin"]
    assert told("org", "add", "school")["organisation"]["name"] == "school"
    assert told("team", "add", "maths", "--org", "school")["team"]["organisation"] == "school"
    member = told("member", "add", "ana", "--to", "maths", "--role", "educator", "--scope", "school=12,class=8B")
    assert (member["member"]["role"], member["member"]["scope"]) == ("educator", "class=8B,school=12")
    told("member", "add", "ana", "--to", "maths/fractions", "--role", "analyst")
    made = told("key", "add", "--user", "ana", "--scope", "read,ingest", "--in", "maths", "--expires", "12w")
    assert apikey.parse(made["secret"]) is not None
    assert (made["key"]["scopes"], made["key"]["projects"]) == (["ingest", "read"], ["maths"])

    assert [user["name"] for user in told("user", "ls")["users"]] == ["ana", "ci", "root"]
    assert [item["name"] for item in told("org", "ls")["organisations"]] == ["local", "school"]
    assert [item["name"] for item in told("team", "ls", "--org", "school")["teams"]] == ["maths"]
    assert [item["to"] for item in told("member", "ls", "maths")["members"]] == ["maths", "maths/fractions"]
    assert [item["id"] for item in told("key", "ls", "--user", "ana")["keys"]] == [made["key"]["id"]]
    assert told("whoami")["viewer"]["name"] == "user:owner"

    assert told("key", "revoke", made["key"]["id"])["key"]["revoked_at"]
    gone = told("member", "remove", "ana", "--to", "maths")["members"]
    assert [(item["role"], item["to"]) for item in gone] == [("educator", "maths")]
    assert told("user", "disable", "ana")["user"]["disabled_at"]
    assert told("user", "enable", "ana")["user"]["disabled_at"] is None
    assert made["secret"] not in rollbook("key", "ls", "--json").out


def test_people_read_tables(rollbook: Rollbook) -> None:
    assert "no users yet" in rollbook("user", "ls").out
    assert "no keys yet" in rollbook("key", "ls").out
    assert "no teams yet" in rollbook("team", "ls").out
    for arguments in ("user add ana --admin", "team add maths --org local", "member add ana --to maths --role viewer"):
        assert rollbook(*arguments.split()).code == 0
    secret, *rest = rollbook("key", "add", "--user", "ana", "--in", "maths").out.splitlines()
    assert apikey.parse(secret) is not None
    assert "not shown again" in rest[0]
    assert rollbook("user", "ls").out.splitlines()[1].split()[:4] == ["ana", "person,", "administrator", "active"]
    assert rollbook("member", "ls", "maths").out.splitlines()[1].split()[:4] == ["ana", "maths", "viewer", "-"]
    listed = rollbook("key", "ls").out
    assert "in maths" in listed
    assert "active" in listed
    assert secret not in listed
    assert "owner" in rollbook("whoami").out


@pytest.mark.parametrize("way", ["argument", "stdin"])
def test_a_key_is_imported(told: Any, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    told("user", "add", "ana")
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{FOREIGN}\n"))
    made = told("key", "add", "--user", "ana", "--secret", FOREIGN if way == "argument" else "-")
    assert (made["secret"], made["key"]["imported"]) == ("", True)


def test_what_was_done_is_in_the_audit_log(told: Any, tmp_path: Path) -> None:
    told("user", "add", "ana")
    told("key", "add", "--user", "ana", "--secret", FOREIGN)
    from rollbook.catalog import Catalog, audit, projects

    with Catalog.open(tmp_path / "rollbook-data" / "catalog.sqlite") as catalog, catalog.read() as connection:
        found = audit.list_page(connection, projects.get_organisation(connection, "local")).items
    assert [(entry.action, entry.actor) for entry in found] == [("key.add", "user:owner"), ("user.add", "user:owner")]
    assert FOREIGN.encode() not in b"".join(entry.entry for entry in found)


@pytest.mark.parametrize(
    ("arguments", "code", "kind"),
    [
        ("user", 2, "invalid_input"),
        ("user add", 2, "invalid_input"),
        ("user add a/b", 2, "invalid_name"),
        ("user add taken", 5, "already_exists"),
        ("user disable nobody", 4, "not_found"),
        ("org add api", 2, "invalid_name"),
        ("team add maths --org nowhere", 4, "not_found"),
        ("team add maths", 2, "invalid_input"),
        ("member add taken --to nowhere --role viewer", 4, "not_found"),
        ("member add taken --to local --role owner", 2, "invalid_input"),
        ("member add nobody --to local --role viewer", 4, "not_found"),
        ("member add taken --to local --role viewer --scope class=8B", 2, "invalid_input"),
        ("member add taken --to local/a/b --role viewer", 2, "invalid_name"),
        ("member remove taken --to local", 4, "not_found"),
        ("key add --user nobody", 4, "not_found"),
        ("key add --user taken --expires soon", 2, "invalid_input"),
        ("key add --user taken --expires 11y", 2, "invalid_input"),
        ("key add --user taken --scope all", 2, "invalid_input"),
        ("key add --user taken --in nowhere", 4, "not_found"),
        ("key add --user taken --secret short", 2, "invalid_input"),
        ("key revoke nothing", 4, "not_found"),
        ("key lose", 2, "invalid_input"),
    ],
)
def test_mistakes_say_what_to_do(rollbook: Rollbook, arguments: str, code: int, kind: str) -> None:
    rollbook("user", "add", "taken")
    ended = rollbook(*arguments.split(), "--json")
    assert (ended.code, ended.out) == (code, "")
    error = json.loads(ended.err)["error"]
    assert error["kind"] == kind
    assert error["hint"]


def test_help_lists_the_words_of_a_group(rollbook: Rollbook) -> None:
    shown = rollbook("key", "--help").out
    assert all(word in shown for word in ("add", "ls", "revoke", "Manage API keys."))
    assert "Did you mean 'add'" in rollbook("key", "ad").err
    root = rollbook("--help").out
    assert root.count("Manage API keys.") == 1
    assert "Make an API key" not in root


@pytest.mark.parametrize(("life", "days"), [("", None), ("1d", 1), ("90d", 90), ("2w", 14), ("1y", 365)])
def test_a_life_is_read(life: str, days: int | None) -> None:
    assert days_of(life) == days


@pytest.mark.parametrize("life", ["d", "1", "-1d", "1.5d", "1h", "1d ", "d1", "9999999d"])
def test_no_life(life: str) -> None:
    with pytest.raises(InvalidInput, match="no time"):
        days_of(life)
