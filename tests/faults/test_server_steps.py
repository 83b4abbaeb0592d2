"""A server dies, stumbles or hangs at every step that has a name; the client goes on, and everything is there once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import get_args

import pytest

import rollbook
from rollbook.model.errors import RollbookError
from rollbook.model.failpoints import Failpoint
from tests.services.server import RollbookServer

pytestmark = pytest.mark.faults
STEPS: tuple[Failpoint, ...] = get_args(Failpoint)


ATTEMPTS = 3


class Failing(RollbookServer):
    """A server that fails as it is told until it is started again."""

    def fail(self, how: str) -> None:
        self.kill()
        self._environment["ROLLBOOK_FAIL"] = how
        self.start()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Failing]:
    started = Failing(tmp_path_factory.mktemp("steps") / "served", "--enable-failpoints")
    yield started
    started.stop()


@contextmanager
def rising(server: Failing) -> Iterator[list[int]]:
    """Whenever the server dies, it is started again, and fails no more; gives how it ended each time."""
    ends: list[int] = []
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.02):
            code = server.process.poll()
            if code is not None:
                ends.append(code)
                server.fail("")

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield ends
    finally:
        over.set()
        watcher.join()


def act(folder: Path, step: str, how: str) -> str:
    """Log a version in a run, again where it failed; its name."""
    collection = f"{step}-{how}".replace(":", "-")
    path = folder / "model.txt"
    path.write_text(collection * 3000)
    for _ in range(ATTEMPTS):
        with suppress(RollbookError), rollbook.init(project="math", save_code=False) as run:
            run.log({"number": 1})
            return run.log_artifact(path, collection, "model", aliases=["fresh"]).name
    raise AssertionError("it never worked")


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("how", ["kill", "eio", pytest.param("delay:300", marks=pytest.mark.slow)])
def test_a_failure_at_any_step_leaves_all_or_nothing(
    server: Failing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: Failpoint, how: str
) -> None:
    monkeypatch.setenv("ROLLBOOK_SERVER", server.address)
    monkeypatch.setenv("ROLLBOOK_ENTITY", "local")
    monkeypatch.setenv("ROLLBOOK_API_KEY", server.keys["analyst"])
    monkeypatch.setenv("ROLLBOOK_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("ROLLBOOK_CACHE", str(tmp_path / "cache"))
    # Some answers come before the one that matters: the first steps of a run.
    server.fail(f"{step}:{how}{'@4' if step == 'answer.before' else '@1'}")
    with rising(server) as ends:
        name = act(tmp_path, step, how)
    assert ends == ([-9] if how == "kill" else []), "the step was reached"
    api = rollbook.Api(project="math")
    collection = name.partition(":")[0]
    found = api.artifacts(collection)
    assert [version.name for version in found] == [name] == [f"{collection}:v0"]
    assert found[0].get("model.txt") == (collection * 3000).encode()
    moves = [(move.from_number, move.to_number) for move in api.alias_history(collection, "fresh")]
    assert moves == [(None, 0)]
    monkeypatch.setenv("ROLLBOOK_API_KEY", server.keys["auditor"])
    assert rollbook.Api(project="math").verify().faults == ()
