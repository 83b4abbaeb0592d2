"""Rows of a run on a server: accepted on this machine at once, sent behind the program's back, kept through deaths."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path

import pytest

import rollbook
from rollbook.cli.main import execute
from rollbook.sdk.remote import opening, sending
from rollbook.sdk.remote.client import Client
from rollbook.sdk.remote.retries import Patience
from tests.e2e.conftest import told
from tests.services.people import add_organisation
from tests.services.server import RollbookServer

SOURCES = Path(rollbook.__file__).parents[1]
KILLED = """
import os, rollbook
run = rollbook.init(project="math", save_code=False)
for step in range(500):
    run.log({"step": step})
print(run.id, flush=True)
os.kill(os.getpid(), 9)
"""


@pytest.fixture(autouse=True)
def far(shared_server: RollbookServer, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    organisation = f"far-{abs(hash(request.node.nodeid)) % 10**12}"
    monkeypatch.setenv("ROLLBOOK_SERVER", shared_server.address)
    monkeypatch.setenv("ROLLBOOK_ENTITY", organisation)
    monkeypatch.setenv("ROLLBOOK_API_KEY", add_organisation(shared_server.data_dir, organisation, "ana"))


def kill_a_run(folder: Path) -> str:
    environment = {"PYTHONPATH": str(SOURCES), "PATH": "/usr/bin:/bin", "HOME": str(folder / "home"), **told()}
    command = [sys.executable, "-c", KILLED]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=100)
    assert done.returncode == -9, done.stderr
    return done.stdout.strip()


def steps(run: str) -> list[int]:
    return [row["step"] for row in rollbook.Api(project="math").history(run)]


def outbox(folder: Path) -> list[Path]:
    return list((folder / "home" / ".local" / "state" / "rollbook" / "outbox").iterdir())


def test_rows_of_a_killed_program_are_sent_by_sync_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = kill_a_run(tmp_path)
    assert len(outbox(tmp_path)) == 1
    for sent in (1, 0):
        assert execute(["sync", "--json"]) == 0
        assert json.loads(capsys.readouterr().out) == {"sent": sent, "waiting": 0}
        assert steps(run) == list(range(500))
    assert outbox(tmp_path) == []


def test_rows_of_a_killed_program_are_sent_by_the_next_run(tmp_path: Path) -> None:
    run = kill_a_run(tmp_path)
    with rollbook.init(project="math", save_code=False) as other:
        other.log({"step": 1})
    for thread in threading.enumerate():
        if thread.name == "rollbook-left-behind":
            thread.join(60)
    assert steps(run) == list(range(500))
    assert steps(other.id) == [1]
    assert outbox(tmp_path) == []


def test_what_a_living_program_sends_itself_is_left_to_it(capsys: pytest.CaptureFixture[str]) -> None:
    with rollbook.init(project="math", save_code=False) as run:
        run.log({"step": 0})
        assert execute(["sync", "--json"]) == 0
        assert json.loads(capsys.readouterr().out) == {"sent": 0, "waiting": 1}
    assert steps(run.id) == [0]


def test_logging_goes_on_while_the_server_is_away(shared_server: RollbookServer) -> None:
    run = rollbook.init(project="math", save_code=False)
    run.log({"step": 0})
    shared_server.kill()
    for step in range(1, 100):
        run.log({"step": step})
    shared_server.start()
    run.finish()
    assert steps(run.id) == list(range(100))
    assert rollbook.Api(project="math").run(run.id).state == "finished"
    assert rollbook.Api(project="math").verify().ok


def test_a_run_that_ends_without_the_server_says_where_its_rows_wait(
    shared_server: RollbookServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sending, "CLOSE_SECONDS", 0.1)
    run = rollbook.init(project="math", save_code=False)
    run.log({"step": 0})
    shared_server.kill()
    run.log({"step": 1})
    try:
        with pytest.warns(RuntimeWarning, match="rollbook sync"):
            run._log.close()
    finally:
        shared_server.start()
    with pytest.warns(RuntimeWarning, match="rollbook sync"):
        run.finish()
    assert rollbook.Api(project="math").run(run.id).state == "finished"
    assert len(outbox(tmp_path)) == 1
    assert execute(["sync"]) == 0
    assert steps(run.id) == [0, 1]


def test_a_run_that_ends_while_the_server_is_away_ends_once_it_is_back(
    shared_server: RollbookServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    hasty = partial(Client, patience=Patience(attempts=2, first_attempts=2, pause=0.01))
    monkeypatch.setattr(opening, "Client", hasty)
    monkeypatch.setattr(sending, "CLOSE_SECONDS", 0.1)
    run = rollbook.init(project="math", config={"lr": 0.1}, save_code=False)
    run.log({"step": 0})
    shared_server.kill()
    try:
        with pytest.warns(RuntimeWarning, match="rollbook sync"):
            run.config.epochs = 3
        run.log({"step": 1})
        with pytest.warns(RuntimeWarning, match="rollbook sync"):
            run.finish()
    finally:
        shared_server.start()
    assert rollbook.Api(project="math").run(run.id).state == "running"
    assert execute(["sync"]) == 0
    known = rollbook.Api(project="math").run(run.id)
    assert (known.state, known.config, known.summary) == ("finished", {"lr": 0.1, "epochs": 3}, {"step": 1})
    assert steps(run.id) == [0, 1]
    assert outbox(tmp_path) == []
