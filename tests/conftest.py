"""What every test shares: the way to the repository and to the real data beside it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.services import postgres, s3

ROOT = Path(__file__).parents[1]

# A loaded machine makes an example slow, not wrong; the time limit of a whole test is pytest's.
settings.register_profile("rollbook", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("thorough", parent=settings.get_profile("rollbook"), max_examples=2_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "rollbook"))


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data sets, which are not part of the repository."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the real data sets are not beside this repository")
    return folder


@pytest.fixture(scope="session")
def postgres15() -> Iterator[postgres.PostgresServer]:
    """PostgreSQL 15, as Debian has it; quick, not durable."""
    with postgres.running(15) as server:
        yield server


@pytest.fixture(scope="session")
def postgres18() -> Iterator[postgres.PostgresServer]:
    """PostgreSQL 18; quick, not durable."""
    with postgres.running(18) as server:
        yield server


@pytest.fixture(scope="session")
def s3_server() -> Iterator[s3.S3Server]:
    """A server that speaks S3."""
    with s3.running() as server:
        yield server


@pytest.fixture(autouse=True)
def own_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes what belongs to the person who runs it."""
    for name in [name for name in os.environ if name.startswith(("ROLLBOOK_", "WANDB_", "AWS_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home" / ".config"))
