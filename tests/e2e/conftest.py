"""What tests of the whole share: a real server."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.people import add_organisation
from tests.services.server import RollbookServer, running


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[RollbookServer]:
    """A server over a new data directory, with people of each role (`serve.keys`)."""
    with running(tmp_path / "served") as server:
        yield server


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RollbookServer]:
    """A server for many tests, each of which works in an organisation of its own."""
    with running(tmp_path_factory.mktemp("shared") / "served") as server:
        yield server


_numbers = itertools.count(1)


@pytest.fixture(params=["embedded", "remote"])
def transport(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Where the register is: in the folder at hand, or on a server, as `ana`, who may do all that an owner may."""
    if request.param == "remote":
        server: RollbookServer = request.getfixturevalue("shared_server")
        organisation = f"school-{os.getpid()}-{next(_numbers)}"
        monkeypatch.setenv("ROLLBOOK_SERVER", server.address)
        monkeypatch.setenv("ROLLBOOK_ENTITY", organisation)
        monkeypatch.setenv("ROLLBOOK_API_KEY", add_organisation(server.data_dir, organisation, "ana"))
    return request.param


def told() -> dict[str, str]:
    """What the environment says of the register, for programs that a test starts."""
    return {name: value for name, value in os.environ.items() if name.startswith("ROLLBOOK_")}
