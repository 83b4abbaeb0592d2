"""PostgreSQL and the object store die in the middle of work: what was acknowledged stays, nothing is half there."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rollbook.app import verify, versions
from rollbook.app.datadir import Place
from rollbook.app.register import Register
from rollbook.catalog import audit, projects
from rollbook.model.errors import Unavailable
from tests.services import postgres, s3
from tests.services.crowd import Acknowledged, writing
from tests.services.places import log, open_

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]
WRITERS = 4


@pytest.fixture
def durable() -> Iterator[postgres.PostgresServer]:
    with postgres.running(15, durable=True) as server:
        yield server


@pytest.fixture
def own_s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[s3.S3Server]:
    with s3.running() as server:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        yield server


def patiently(act: Callable[[], object]) -> None:
    """Do it as soon as what is away comes back."""
    deadline = time.monotonic() + 60
    while True:
        try:
            act()
        except Unavailable:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        else:
            return


def check(register: Register, acknowledged: set[Acknowledged]) -> None:
    """Everything that was acknowledged is there, numbers are dense, and every byte and entry verifies."""
    found: set[Acknowledged] = set()
    for worker in range(WRITERS):
        listed = versions.list_versions(register, "math", f"tutor{worker}", limit=1000).items
        assert sorted(item.number for item in listed) == list(range(len(listed)))
        found |= {(item.collection, item.number, str(item.digest)) for item in listed}
    assert acknowledged <= found
    assert len(found) <= len(acknowledged) + WRITERS  # each may have one whose answer was lost
    assert verify.verify(register, None, "math").ok
    with register.catalog.read() as connection:
        organisation = projects.get_organisation(connection, "local")
        assert list(audit.check(connection, organisation)) == []


def drain(acknowledged: Iterator[Acknowledged], count: int) -> set[Acknowledged]:
    return {next(acknowledged) for _ in range(count)}


@pytest.mark.parametrize("kills", [3, pytest.param(60, marks=[pytest.mark.slow, pytest.mark.timeout(3000)])])
def test_what_was_acknowledged_survives_kills_of_postgresql(durable, tmp_path: Path, kills):
    place = Place(tmp_path / "book", durable.fresh())
    register = open_(place, create=True)
    log(register, "first", b"so that there is a project")
    with writing(place, WRITERS) as acknowledged:
        seen = drain(acknowledged, 8)
        for turn in range(kills):
            durable.kill()
            with pytest.raises(Unavailable):
                log(register, "first", b"while it is away")
            durable.start()
            patiently(lambda turn=turn: log(register, "first", b"after kill %d" % turn))
            seen |= drain(acknowledged, 8)
    seen |= set(acknowledged)
    check(register, seen)
    register.catalog.close()


def test_what_was_acknowledged_survives_kills_of_the_object_store(own_s3, postgres15, tmp_path: Path):
    place = Place(tmp_path / "book", postgres15.fresh(), own_s3.bucket(), allow_http=True)
    register = open_(place, create=True)
    log(register, "first", b"so that there is a project")
    with writing(place, WRITERS) as acknowledged:
        seen = drain(acknowledged, 8)
        own_s3.stop()
        with pytest.raises(Unavailable, match="does not serve"):
            log(register, "first", b"while it is away")
        own_s3.start()
        patiently(lambda: log(register, "first", b"after the kill"))
        seen |= drain(acknowledged, 8)
    seen |= set(acknowledged)
    check(register, seen)
    register.catalog.close()
    register.blobs.close()
