"""Rebuilding what search looks at, from versions, notes and runs alone."""

from __future__ import annotations

from sqlalchemy import Connection, RowMapping, delete, select

from rollbook.catalog import runs as runs_
from rollbook.catalog.rows import VersionRow
from rollbook.catalog.schema import projects, runs, versions
from rollbook.catalog.search_facts import index_run, index_versions
from rollbook.catalog.search_schema import run_facts, search_fields, version_facts

_BATCH = 200
_VERSION_COLUMNS = [versions.c[name] for name in VersionRow.__struct_fields__ if name != "run"]


def rebuild(connection: Connection, project: int | None = None) -> int:
    """Delete the facts of a project (None: of all), and write them again.

    Returns:
        How many versions and runs were read.
    """
    if project is None:
        keys = connection.execute(select(projects.c.key).order_by(projects.c.key)).scalars().all()
        return sum(rebuild(connection, key) for key in keys)
    for table in (version_facts, run_facts):
        connection.execute(delete(table).where(table.c.project == project))
    connection.execute(delete(search_fields).where(search_fields.c.project == project))
    return _versions(connection, project) + _runs(connection, project)


def _versions(connection: Connection, project: int) -> int:
    last = count = 0
    while True:
        query = select(*_VERSION_COLUMNS).where(versions.c.project == project, versions.c.key > last)
        batch = connection.execute(query.order_by(versions.c.key).limit(_BATCH)).mappings().all()
        index_versions(connection, [_version(row) for row in batch])
        if len(batch) < _BATCH:
            return count + len(batch)
        last, count = batch[-1]["key"], count + len(batch)


def _runs(connection: Connection, project: int) -> int:
    last = count = 0
    while True:
        query = select(runs.c.key, runs.c.heartbeat_at).where(runs.c.project == project, runs.c.key > last)
        batch = connection.execute(query.order_by(runs.c.key).limit(_BATCH)).all()
        for key, heartbeat_at in batch:
            index_run(connection, runs_.by_key(connection, key), heartbeat_at)
        if len(batch) < _BATCH:
            return count + len(batch)
        last, count = batch[-1][0], count + len(batch)


def _version(row: RowMapping) -> VersionRow:
    return VersionRow(**{str(name): value for name, value in row.items()}, run=None)
