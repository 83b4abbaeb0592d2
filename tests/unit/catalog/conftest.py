from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rollbook.catalog import Catalog


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a SQLite catalog may be made."""
    return tmp_path / "catalog.db"


@pytest.fixture
def catalog(path: Path) -> Iterator[Catalog]:
    with Catalog.open(path, create=True) as opened:
        yield opened
