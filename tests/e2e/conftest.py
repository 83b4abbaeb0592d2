"""What tests of the whole share: a real server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.server import RollbookServer, running


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[RollbookServer]:
    """A server over a new data directory, with people of each role (`serve.keys`)."""
    with running(tmp_path / "served") as server:
        yield server
