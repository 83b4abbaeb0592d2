"""Bring a database to the schema of this release: make it, leave it, upgrade it, or refuse it."""

from __future__ import annotations

import time

from sqlalchemy import Column, Connection, Engine, MetaData, String, Table, insert, select, update

from rollbook.catalog.dialect import lock_schema, prepare_schema, use_write_ahead_log, writing
from rollbook.catalog.failures import is_busy
from rollbook.catalog.migrations import HEAD, REVISIONS
from rollbook.model.errors import NotFound, Unavailable, UnsupportedFormat

_stamp = Table("alembic_version", MetaData(), Column("version_num", String(32), primary_key=True))
_stamp.primary_key.name = "alembic_version_pkc"

_ATTEMPTS = 600
_PAUSE_SECONDS = 0.05


def revision_of(connection: Connection) -> str | None:
    """The schema revision of a database, or None where there is no schema yet."""
    if not connection.dialect.has_table(connection, _stamp.name):
        return None
    return connection.execute(select(_stamp.c.version_num)).scalar_one_or_none()


def set_up(engine: Engine, *, create: bool, read_only: bool) -> None:
    """Make the database's schema that of this release.

    Args:
        engine: The database.
        create: Whether a database without a schema may be given one.
        read_only: Whether nothing may be written.

    Raises:
        NotFound: There is no schema, and none may be made.
        UnsupportedFormat: A newer release wrote it, or it is older and may not be upgraded.
        Unavailable: Another process holds the database.
    """
    with engine.connect() as connection:
        revision = revision_of(connection)
    if revision == HEAD:
        return
    _check_revision(revision, create=create, read_only=read_only)
    _patiently_use_log(engine)
    with writing(engine).begin() as connection:
        _advance(connection)


def _check_revision(revision: str | None, *, create: bool, read_only: bool) -> None:
    if revision is None and (read_only or not create):
        raise NotFound("the catalog has no tables", hint="create it with 'rollbook init'")
    if revision is not None and revision not in REVISIONS:
        raise UnsupportedFormat(
            f"the catalog has schema {revision!r}; this release knows up to {HEAD!r}", hint="install a newer Rollbook"
        )
    if revision is not None and read_only:
        raise UnsupportedFormat(
            f"the catalog has the older schema {revision!r}", hint="open it once with write access to upgrade it"
        )


def _advance(connection: Connection) -> None:
    """Write the schema, alone: the revision read under the lock is the one that counts."""
    lock_schema(connection)
    revision = revision_of(connection)
    if revision == HEAD:
        return
    if revision is None:
        from rollbook.catalog.declared import metadata  # all tables; a schema that stands needs only those it uses

        prepare_schema(connection, metadata)
        metadata.create_all(connection)
        _stamp.create(connection)
        connection.execute(insert(_stamp).values(version_num=HEAD))
        return
    _check_revision(revision, create=True, read_only=False)
    from rollbook.catalog.migrations.upgrade import upgrade  # Alembic takes half a second to import

    connection.execute(update(_stamp).values(version_num=upgrade(connection, revision)))


def _patiently_use_log(engine: Engine) -> None:
    """Switch to the write-ahead log. SQLite refuses at once, without waiting, while another process does the same."""
    for _ in range(_ATTEMPTS):
        try:
            return use_write_ahead_log(engine)
        except Unavailable as error:
            if not is_busy(error):
                raise
            time.sleep(_PAUSE_SECONDS)
    return use_write_ahead_log(engine)
