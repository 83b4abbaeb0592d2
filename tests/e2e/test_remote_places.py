"""Whose project is meant, with which key, and what a stranger sees."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import rollbook
from rollbook.cli.main import execute
from rollbook.model.errors import Forbidden, InvalidInput, NotFound, Unauthenticated
from tests.services.server import RollbookServer


@pytest.fixture(autouse=True)
def far(shared_server: RollbookServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> RollbookServer:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ROLLBOOK_SERVER", shared_server.address)
    return shared_server


def log(project: str) -> rollbook.Version:
    Path("m.json").write_text("1")
    with rollbook.init(project=project, save_code=False) as run:
        run.log({"x": 1})
        return run.log_artifact("m.json", "m", "model")


def test_a_team_has_projects_of_its_own(far: RollbookServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROLLBOOK_API_KEY", far.keys["mathematician"])
    assert log("fractions").qualified_name == "maths/fractions/m:v0"
    api = rollbook.Api(project="fractions")
    assert (api.project, api.projects()) == ("maths/fractions", ["maths/fractions"])
    assert api.artifact("m:v0").get("m.json") == b"1"
    assert api.runs()[0].project == "maths/fractions"
    assert [row["x"] for row in api.history(api.runs()[0].id)] == [1]
    monkeypatch.setenv("ROLLBOOK_API_KEY", far.keys["analyst"])
    assert log("fractions").qualified_name == "fractions/m:v0", "the organisation has one of that name too"
    for project in ("maths/fractions", "fractions"):
        assert rollbook.Api(project=project).artifact("m:v0").facts.project == project
    monkeypatch.setenv("ROLLBOOK_ENTITY", "maths")
    assert rollbook.Api(project="fractions").artifact("m:v0").facts.project == "maths/fractions"
    assert rollbook.Api(project="local/fractions").artifact("m:v0").facts.project == "fractions"


def test_a_stranger_sees_nothing(far: RollbookServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROLLBOOK_API_KEY", far.keys["analyst"])
    made = log("algebra")
    monkeypatch.setenv("ROLLBOOK_API_KEY", far.keys["stranger"])
    with pytest.raises(NotFound):
        rollbook.Api(project="algebra").artifact("m:v0")
    with pytest.raises(NotFound):
        rollbook.Api(project="local/algebra").artifact(str(made.digest))
    monkeypatch.setenv("ROLLBOOK_ENTITY", "local")
    with pytest.raises(NotFound, match="no team or organisation 'local'"):
        rollbook.Api(project="algebra").artifact("m:v0")


def test_without_a_key_or_a_role_one_is_told_what_to_do(far: RollbookServer, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Unauthenticated, match="no key") as caught:
        rollbook.Api(project="p").runs()
    assert f"rollbook login --server {far.address}" in caught.value.hint
    monkeypatch.setenv("ROLLBOOK_API_KEY", far.keys["nobody"])
    with pytest.raises(Forbidden, match="no role"):
        rollbook.Api(project="p").runs()
    monkeypatch.setenv("ROLLBOOK_API_KEY", far.keys["viewer"])
    with pytest.raises((Forbidden, NotFound)):
        log("p")


def test_login_keeps_a_key_that_the_server_takes(
    far: RollbookServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert execute(["login", "--key", "rb-wrong", "--json"]) == 3
    assert json.loads(capsys.readouterr().err)["error"]["kind"] == "unauthenticated"
    assert not (tmp_path / "home" / ".config" / "rollbook").exists()
    assert execute(["login", "--server", far.address, "--key", far.keys["analyst"], "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["name"], told["server"]) == ("user:analyst", far.address)
    assert far.keys["analyst"] not in json.dumps(told)
    assert log("kept").name == "m:v0"
    assert execute(["login", "--forget", "--json"]) == 0
    with pytest.raises(Unauthenticated):
        rollbook.Api(project="kept").runs()
    monkeypatch.delenv("ROLLBOOK_SERVER")
    assert execute(["login", "--key", "k"]) == 2
    assert "no server is named" in capsys.readouterr().err


def test_a_key_is_not_sent_in_the_clear() -> None:
    with pytest.raises(InvalidInput, match="unencrypted"):
        rollbook.Api(project="p", server="http://rollbook.example").runs()


def test_a_data_directory_needs_no_part_of_the_client() -> None:
    program = (
        "import sys, rollbook; run = rollbook.init(project='p', save_code=False); run.finish();"
        "print('httpx2' in sys.modules)"
    )
    environment = {"PYTHONPATH": str(Path(rollbook.__file__).parents[1]), "PATH": "/usr/bin:/bin"}
    command = [sys.executable, "-c", program]
    assert subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout == "False\n"
