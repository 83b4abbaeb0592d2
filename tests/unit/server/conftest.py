"""A server over a register in a temporary folder, asked directly, without a network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from starlette.testclient import TestClient

from rollbook.app.register import Register
from rollbook.model.permission import Actor
from rollbook.server import gate
from rollbook.server.application import create_application
from rollbook.server.settings import Rate, ServerSettings
from rollbook.server.state import State
from tests.services.registers import counted


class Known(NamedTuple):
    """Somebody who is signed in, and has one actor everywhere."""

    actor: Actor

    @property
    def name(self) -> str:
        return self.actor.name

    def actor_in(self, entity: str) -> Actor | None:
        return self.actor if entity in ("", self.actor.organisation) else None


@pytest.fixture
def register(tmp_path: Path) -> Register:
    return counted(tmp_path)


@pytest.fixture
def client(register: Register, tmp_path: Path) -> Iterator[TestClient]:
    settings = ServerSettings(data_dir=tmp_path / "data", key_rate=Rate(1e5, 100_000))
    application = create_application(State(settings=settings, system=register))
    with TestClient(application, base_url="http://127.0.0.1", raise_server_exceptions=False) as opened:
        yield opened


@pytest.fixture
def sign_in(monkeypatch: pytest.MonkeyPatch) -> Callable[[Actor], None]:
    """Be somebody, whatever the headers say."""

    def be(actor: Actor) -> None:
        monkeypatch.setattr(gate, "identify", lambda _connection: Known(actor))

    return be
