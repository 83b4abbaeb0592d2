"""The same catalog tests over every database: SQLite, PostgreSQL 15 and, at length, PostgreSQL 18.

To run them on another database, add its name to `DATABASES` and a fixture `<name>_database` that returns the URL of an
empty one.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from rollbook.catalog import Catalog, collections, projects
from rollbook.catalog.rows import Act, CollectionRow, OrganisationRow, ProjectRow
from rollbook.catalog.versions import VersionValues
from rollbook.model.digest import Digest
from tests.services.postgres import PostgresServer

DATABASES = ["sqlite", "postgres15", "postgres18"]
CORE = ("test_processes", "test_versions", "test_aliases", "test_audit", "test_values")
"""What runs on every database always; the rest runs on the newest only with the slow tests."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The two PostgreSQL differ little: by default the newer one passes what depends on a database most."""
    for item in items:
        spec = getattr(item, "callspec", None)
        if spec is not None and spec.params.get("database") == "postgres18" and item.path.stem not in CORE:
            item.add_marker(pytest.mark.slow)


@pytest.fixture
def sqlite_database(tmp_path: Path) -> str:
    return str(tmp_path / "catalog.db")


@pytest.fixture
def postgres15_database(postgres15: PostgresServer) -> str:
    return postgres15.fresh()


@pytest.fixture
def postgres18_database(postgres18: PostgresServer) -> str:
    return postgres18.fresh()


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest) -> str:
    """Where an empty database is."""
    return request.getfixturevalue(f"{request.param}_database")


@pytest.fixture
def catalog(database: str) -> Iterator[Catalog]:
    with Catalog.open(database, create=True) as opened:
        yield opened


@pytest.fixture
def connection(catalog: Catalog) -> Iterator[Connection]:
    """A writing transaction that lasts as long as the test."""
    with catalog.write() as opened:
        yield opened


@pytest.fixture
def organisation(connection: Connection) -> OrganisationRow:
    return projects.ensure_organisation(connection, "local", id="organisation-1", at=1)


@pytest.fixture
def project(connection: Connection, organisation: OrganisationRow) -> ProjectRow:
    return projects.ensure_project(connection, organisation, "math", id="project-1", key_domain="math", at=1)


@pytest.fixture
def collection(connection: Connection, project: ProjectRow) -> CollectionRow:
    return collections.ensure(connection, project, "math_tutor", type="model", id="c-1", act=Act(actor="ana", at=1))


@pytest.fixture
def act() -> Act:
    return Act(actor="user:ana", at=1_000, reason="because")


@pytest.fixture
def values() -> Callable[..., VersionValues]:
    """Make the values of a version whose digest follows from its content."""

    def make(content: str, **changes: Any) -> VersionValues:
        seal = content.encode()
        facts = {
            "id": f"version-{content}",
            "digest": Digest.sha256(seal),
            "type": "model",
            "data_class": "internal",
            "manifest_digest": Digest.sha256(b"manifest" + seal),
            "manifest_blob": Digest("blake3", Digest.sha256(b"blob" + seal).hex),
            "metadata": '{"a":1}',
            "schemas": "{}",
            "seal": seal,
            "size": len(seal),
            "file_count": 1,
        }
        return VersionValues(**(facts | changes))

    return make


@pytest.fixture
def in_processes() -> Callable[[list[Callable[[], Any]]], list[Any]]:
    """Run jobs at once, each in a process of its own, and return what they return or raise."""
    return _in_processes


def _in_processes(jobs: list[Callable[[], Any]]) -> list[Any]:
    start, go = os.pipe()
    readers: list[int] = []
    for job in jobs:
        reader, writer = os.pipe()
        if os.fork() == 0:
            os.close(go)
            os.read(start, 1)  # returns when the parent closes its end
            _answer(job, writer)
        os.close(writer)
        readers.append(reader)
    os.close(start)
    os.close(go)
    results = [_result(reader) for reader in readers]
    for _ in jobs:
        os.wait()
    return results


def _answer(job: Callable[[], Any], writer: int) -> None:
    try:
        result = job()
    except BaseException as error:  # noqa: BLE001 - the parent judges it
        result = error
    with os.fdopen(writer, "wb") as pipe:
        pickle.dump(result, pipe)
    os._exit(0)


def _result(reader: int) -> Any:
    with os.fdopen(reader, "rb") as pipe:
        return pickle.load(pipe)
