"""Two servers on PostgreSQL and S3, clients on another machine, and everything dies at random moments.

Afterwards every act that was acknowledged is there once, whole, and so is every row; nothing else is half there.
"""

from __future__ import annotations

import os
import random
import secrets
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from rollbook.app import aliases, apikeys, datadir, histories, members, runs, users, verify, versions
from rollbook.app.datadir import Place
from rollbook.app.register import Register
from rollbook.catalog import audit, projects
from rollbook.model.people import NewKey, NewMember, NewUser
from tests.services import machines, postgres, s3
from tests.services.client import PROJECT
from tests.services.lossy import Lossy, losing
from tests.services.machines import Machine
from tests.services.server import ROOT, running

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]
PROGRAM = ROOT / "tests" / "services" / "client.py"
LOSS = 0.03
CLIENTS = 3


class Client:
    """A process that works on a server through a lossy line, and is started again when it was killed."""

    def __init__(self, name: str, machine: Machine, line: Lossy, key: str, home: Path) -> None:
        home.mkdir()
        self.name, self.told = name, list[list[str]]()
        self._command = [*machine.command, sys.executable, str(PROGRAM), name, str(home)]
        self.environment = {
            **os.environ,
            "ROLLBOOK_SERVER": line.address,
            "ROLLBOOK_API_KEY": key,
            "ROLLBOOK_INSECURE": "on",
            "ROLLBOOK_STATE": str(home / "state"),
            "ROLLBOOK_CACHE": str(home / "cache"),
        }
        self.home, self._machine = home, machine
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE, text=True, env=self.environment)
        self._reader = threading.Thread(target=self._read, args=(self._process,), daemon=True)
        self._reader.start()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(30)
        self._reader.join(30)

    def sync(self) -> None:
        """Send the rows that killed processes left behind, as a person would."""
        words = [*self._machine.command, sys.executable, "-m", "rollbook.cli", "sync"]
        done = subprocess.run(words, env=self.environment, cwd=self.home, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr

    def said(self, word: str) -> list[list[str]]:
        return [words[1:] for words in self.told if words[0] == word]

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout as lines:
            for line in lines:
                self.told.append(line.split())


class World:
    """Everything that can die."""

    def __init__(self, stack: ExitStack, folder: Path, loss: random.Random) -> None:
        self.database = stack.enter_context(postgres.running(15, durable=True))
        self.store = stack.enter_context(s3.running())
        there = machines.can_have_another()
        self.machine = stack.enter_context(machines.another()) if there else machines.HERE
        self.place = Place(folder / "served", self.database.fresh(), self.store.bucket(), allow_http=True)
        told = {
            **self.store.environment(),
            "ROLLBOOK_DATABASE": self.place.database,
            "ROLLBOOK_STORE": self.place.store,
            "ROLLBOOK_ALLOWED_HOSTS": self.machine.host,
        }
        key = populate(self.place, told)
        self.servers = [stack.enter_context(running(self.place.root, environment=told)) for _ in range(2)]
        self.lines = [
            stack.enter_context(losing(server.port, lambda _number: loss.random() < LOSS, self.machine.host))
            for server in self.servers
        ]
        self.clients = [
            Client(f"c{number}", self.machine, self.lines[number % 2], key, folder / f"client{number}")
            for number in range(CLIENTS)
        ]
        stack.callback(lambda: [client.kill() for client in self.clients])

    def faults(self) -> Mapping[str, Callable[[], None]]:
        """What can happen, by name; each is over when it returns."""
        return {
            "first server": lambda: in_turn(self.servers[0].kill, self.servers[0].start),
            "second server": lambda: in_turn(self.servers[1].kill, self.servers[1].start),
            "database": lambda: in_turn(self.database.kill, pause, self.database.start),
            "store": lambda: in_turn(self.store.stop, pause, self.store.start),
            "client": lambda: in_turn(self.clients[0].kill, self.clients[0].start),
            "network": lambda: in_turn(*(line.cut for line in self.lines)),
        }

    def register(self) -> Register:
        return datadir.open_register(self.place, user="user:owner", clock=now, random=secrets.token_bytes)


def now() -> int:
    return time.time_ns() // 1000


def in_turn(*acts: Callable[[], object]) -> None:
    for act in acts:
        act()


def pause() -> None:
    time.sleep(0.5)


def populate(place: Place, told: Mapping[str, str]) -> str:
    """Somebody who may do all that the clients do; returns a key."""
    os.environ.update(told)  # `own_environment` takes it away again
    register = datadir.open_register(place, user="user:owner", clock=now, random=secrets.token_bytes, create=True)
    try:
        users.add_user(register, NewUser(name="ana"))
        for role in ("analyst", "admin"):
            members.add_member(register, NewMember(user="ana", to="local", role=role))
        return apikeys.add_key(register, NewKey(user="ana")).key
    finally:
        register.catalog.close()
        register.blobs.close()


@pytest.fixture
def kept_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What the test puts into the environment is gone after it."""
    before = dict(os.environ)
    yield
    for name in set(os.environ) - set(before):
        del os.environ[name]


@pytest.mark.parametrize(
    ("turns", "seed"), [(7, 1), pytest.param(150, 2, marks=[pytest.mark.slow, pytest.mark.timeout(3600)])]
)
@pytest.mark.usefixtures("kept_environment")
def test_what_was_acknowledged_survives_everything(tmp_path: Path, turns: int, seed: int) -> None:
    chance = random.Random(seed)
    with ExitStack() as stack:
        world = World(stack, tmp_path, random.Random(seed))
        until(lambda: all(client.said("finished") for client in world.clients))
        faults = world.faults()
        plan = [*faults, *chance.choices(list(faults), k=max(0, turns - len(faults)))]
        chance.shuffle(plan)
        for name in plan:
            time.sleep(chance.uniform(0.2, 1.2))
            faults[name]()
        calm = {client.name: len(client.said("finished")) for client in world.clients}
        until(lambda: all(len(client.said("finished")) > calm[client.name] for client in world.clients))
        for client in world.clients:
            client.kill()
        for client in world.clients:
            client.sync()
        assert sum(line.lost for line in world.lines) > 0
        register = world.register()
        stack.callback(register.catalog.close)
        for client in world.clients:
            check_acts(register, client)
            check_rows(register, client)
        check_whole(register)
        with_acts = sum(len(client.said("version")) for client in world.clients)
        assert with_acts > 2 * CLIENTS


def check_acts(register: Register, client: Client) -> None:
    """Every version and move that was acknowledged is there once; of the others, nothing that was not tried."""
    listed = versions.list_versions(register, PROJECT, f"tutor-{client.name}", limit=1000).items
    assert sorted(item.number for item in listed) == list(range(len(listed)))
    found = {(str(item.number), str(item.digest)) for item in listed}
    assert {(number, digest) for _mark, number, digest in client.said("version")} <= found
    marks = [str(item.metadata["mark"]) for item in listed]
    assert len(marks) == len(set(marks))
    tried = {mark for kind, mark in client.said("try") if kind == "version"}
    assert set(marks) <= tried
    moves = aliases.history(register, f"tutor-{client.name}", "champion", PROJECT, limit=1000).items
    reasons = Counter(move.reason for move in moves)
    assert {mark for (mark,) in client.said("move")} <= set(reasons)
    assert set(reasons.values()) == {1}
    assert set(reasons) <= {mark for kind, mark in client.said("try") if kind == "move"}


def check_rows(register: Register, client: Client) -> None:
    """Every row that was logged is there once, in order."""
    logged = Counter(run for run, _step in client.said("row"))
    for run, count in logged.items():
        steps = [row["number"] for row in histories.read(register, run, PROJECT)]
        assert steps == list(range(len(steps))), run
        assert len(steps) >= count, run
    for (run,) in client.said("finished"):
        assert runs.get(register, run, PROJECT).state == "finished"


def check_whole(register: Register) -> None:
    """Every byte verifies, and so does the log."""
    outcome = verify.verify(register, None, PROJECT, local_files=False)
    assert outcome.faults == ()
    with register.catalog.read() as connection:
        assert list(audit.check(connection, projects.get_organisation(connection, "local"))) == []


def until(true: Callable[[], bool], seconds: float = 90) -> None:
    """Wait for something to become true."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)
