"""The dialect seam: the only module that knows which database is behind the catalog.

SQLite runs with a write-ahead log and `synchronous=FULL`: with NORMAL, a power cut takes acknowledged commits with it.
A writer takes the write lock when it begins (BEGIN IMMEDIATE), so that it never fails half-way for having read first.

PostgreSQL's writers run side by side and lock the rows whose order matters (`execution.lock`), so READ COMMITTED is
enough for them; readers see one snapshot (REPEATABLE READ).
"""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from sqlalchemy import Connection, Engine, MetaData, Table, create_engine, event, exc, func, make_url, select
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import DBAPIConnection

from rollbook.catalog.failures import is_busy, on_error
from rollbook.model.errors import InvalidInput, NotFound, StorageFull, Unavailable
from rollbook.model.extras import needs_extra

try:
    from pysqlite3 import dbapi2 as _pysqlite3  # pyright: ignore[reportMissingTypeStubs]
except ImportError:
    _pysqlite3 = None

BUSY_SECONDS = 30
WAL_KEPT_BYTES = 64 * 1024 * 1024
WAL_CHECKPOINT_BYTES = 4 * 1024 * 1024
_FIXED_SQLITE = (3, 51, 3)
_URL_FORM = "for example postgresql://user:password@host:5432/rollbook"
_SCHEMA_LOCK = 0x526F6C6C626F6F6B
_STEP_MILLISECONDS = 20
_WRITING = "IMMEDIATE"
_OUTSIDE = ""
"""No transaction: some settings can only be changed outside one."""
_POOL, _OVERFLOW = 5, 15
_CONNECT_SECONDS = 10
_IDLE_SECONDS = 300
"""A transaction that does nothing for so long belongs to a client that is gone; its locks are given back."""
# An administrator may ask for more than `on` (a replica's word), but not for less: with `off`, a crash of the server
# takes acknowledged commits with it.
_POSTGRES_SESSION = f"""
SELECT set_config('lock_timeout', '{BUSY_SECONDS}s', false),
       set_config('idle_in_transaction_session_timeout', '{_IDLE_SECONDS}s', false),
       CASE WHEN current_setting('synchronous_commit') = 'off' THEN set_config('synchronous_commit', 'on', false) END
"""


def sqlite_module() -> ModuleType:
    """The SQLite driver in use: the wheel with a fixed SQLite where it is installed, else Python's own."""
    return _pysqlite3 or sqlite3


def sqlite_version() -> tuple[int, int, int]:
    """Version of the SQLite in use."""
    return sqlite_module().sqlite_version_info


def sqlite_is_fixed() -> bool:
    """Whether several processes may write and checkpoint freely: SQLite before 3.51.3 can then corrupt its log."""
    return sqlite_version() >= _FIXED_SQLITE


def is_sqlite(engine: Engine | Connection) -> bool:
    """Whether the database is SQLite."""
    return engine.dialect.name == "sqlite"


def database_url(target: str | Path) -> URL:
    """A URL from a URL or from the path of a SQLite file.

    Raises:
        InvalidInput: It is no URL, or one of a database that is neither SQLite nor PostgreSQL.
    """
    if not isinstance(target, str) or "://" not in target:
        return URL.create("sqlite", database=str(target))
    try:
        url = make_url(target)
    except exc.ArgumentError as error:
        raise InvalidInput("the database URL cannot be read", hint=_URL_FORM) from error
    backend = url.drivername.partition("+")[0]
    if backend in ("postgres", "postgresql"):
        return url.set(drivername="postgresql+psycopg")
    if backend != "sqlite":
        raise InvalidInput(f"a database of kind {backend!r} cannot hold a catalog", hint=_URL_FORM)
    return url


def sqlite_path(url: URL) -> Path | None:
    """The file of a SQLite database, or None for another database."""
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None


def prepare_file(path: Path, *, create: bool) -> None:
    """Make an empty database file, private and durable, where there is none.

    Raises:
        NotFound: It does not exist and may not be created.
        StorageFull: The directory is full or read-only.
    """
    if path.exists():
        return
    if not create:
        raise NotFound(f"no catalog at {path}", hint="create one with 'rollbook init', or check the data directory")
    try:
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
        _sync_directory(path.parent)
    except OSError as error:
        if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOSPC, errno.EDQUOT):
            raise StorageFull(
                f"cannot create {path}: {error.strerror}", hint="free space, or choose another"
            ) from error
        raise NotFound(f"cannot create {path}: {error.strerror}", hint="create its directory first") from error


def _sync_directory(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_file(path: Path) -> None:
    """Make a file that was just written durable, with its name."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    _sync_directory(path.parent)


def connect_engine(url: URL, *, read_only: bool) -> Engine:
    """An engine whose transactions begin, commit and fail as the catalog promises, on either database."""
    engine = _sqlite_engine(url, read_only=read_only) if url.get_backend_name() == "sqlite" else _postgres_engine(url)
    event.listen(engine, "handle_error", on_error)
    return engine


def writing(engine: Engine) -> Engine:
    """The same engine for transactions that write."""
    return engine.execution_options(rollbook_begin=_WRITING)


def reading(engine: Engine) -> Engine:
    """The same engine for transactions that read one snapshot and write nothing."""
    if is_sqlite(engine):
        return engine
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def _sqlite_engine(url: URL, *, read_only: bool) -> Engine:
    engine = create_engine(_read_only_url(url) if read_only else url, module=sqlite_module())
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _postgres_engine(url: URL) -> Engine:
    with needs_extra("postgres"):
        engine = create_engine(
            url,
            pool_size=_POOL,
            max_overflow=_OVERFLOW,
            pool_pre_ping=True,  # after a restart of the server, nobody is told about connections that died with it
            connect_args={"connect_timeout": _CONNECT_SECONDS, "application_name": "rollbook"},
        )
    event.listen(engine, "connect", _set_up_postgres)
    return engine


def _set_up_postgres(connection: DBAPIConnection, _record: object) -> None:
    driver: Any = connection
    driver.execute(_POSTGRES_SESSION)
    driver.commit()


def _read_only_url(url: URL) -> URL:
    """Without a log beside it, a file in a directory that cannot be written can only be read as unchanging."""
    path = Path(url.database or "")
    log = path.with_name(f"{path.name}-wal")
    unchanging = not os.access(path.parent, os.W_OK) and not (log.exists() and log.stat().st_size)
    query = {"uri": "true", "mode": "ro"} | ({"immutable": "1"} if unchanging else {})
    return URL.create("sqlite", database=path.absolute().as_uri(), query=query)


def _set_up_sqlite(connection: DBAPIConnection, _record: object) -> None:
    driver: Any = connection
    driver.isolation_level = None  # the driver must not open transactions by itself: `_begin_sqlite` does
    checkpoint_pages = 1000 if sqlite_is_fixed() else 0
    for pragma in (
        f"busy_timeout = {BUSY_SECONDS * 1000}",
        "synchronous = FULL",
        "foreign_keys = ON",
        f"journal_size_limit = {WAL_KEPT_BYTES}",
        f"wal_autocheckpoint = {checkpoint_pages}",
    ):
        driver.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    mode = connection.get_execution_options().get("rollbook_begin", "DEFERRED")
    if mode == _WRITING:
        _take_write_lock(connection)
    elif mode != _OUTSIDE:
        connection.exec_driver_sql(f"BEGIN {mode}")


def _take_write_lock(connection: Connection) -> None:
    """Begin to write, waiting in short steps.

    SQLite's own waiting grows to 100 ms between two looks; a writer that comes back at once then takes the lock again
    and again, and one among 16 may starve for 30 seconds. Looking every few milliseconds gives everybody a chance.
    """
    deadline = time.monotonic() + BUSY_SECONDS
    _wait_at_most(connection, _STEP_MILLISECONDS)
    try:
        while True:
            try:
                connection.exec_driver_sql(f"BEGIN {_WRITING}")
            except Unavailable as error:
                if not is_busy(error) or time.monotonic() > deadline:
                    raise
            else:
                return
    finally:
        _wait_at_most(connection, BUSY_SECONDS * 1000)


def _wait_at_most(connection: Connection, milliseconds: int) -> None:
    driver: Any = connection.connection.driver_connection
    driver.execute(f"PRAGMA busy_timeout = {milliseconds}")


def use_write_ahead_log(engine: Engine) -> None:
    """Let readers and a writer work at once. The file remembers it; another database needs nothing.

    Raises:
        Unavailable: Another process holds the file; the database does not wait for it.
    """
    if is_sqlite(engine):
        with engine.execution_options(rollbook_begin=_OUTSIDE).connect() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode = WAL")


def checkpoint_alone(engine: Engine, path: Path | None) -> None:
    """On a SQLite that is not fixed, shorten the log under a lock, since it never does so by itself there."""
    if path is None or sqlite_is_fixed() or log_bytes(path) < WAL_CHECKPOINT_BYTES:
        return
    with path.with_name(f"{path.name}-checkpoint").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with engine.execution_options(rollbook_begin=_OUTSIDE).connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")


def log_bytes(path: Path | None) -> int:
    """Bytes of the write-ahead log beside a SQLite file."""
    if path is None:
        return 0
    try:
        return path.with_name(f"{path.name}-wal").stat().st_size
    except FileNotFoundError:
        return 0


def damage(connection: Connection) -> tuple[str, ...]:
    """What the database's own check of its file finds; nothing for a database that checks its pages when it reads."""
    if not is_sqlite(connection):
        return ()
    found = [str(row[0]) for row in connection.exec_driver_sql("PRAGMA integrity_check")]
    dangling = [
        f"dangling reference in {row[0]}, row {row[1]}"
        for row in connection.exec_driver_sql("PRAGMA foreign_key_check")
    ]
    return (*(line for line in found if line != "ok"), *dangling)


def prepare_schema(connection: Connection, metadata: MetaData) -> None:
    """Give indexes over some of the rows, which name their condition for SQLite only, the same for this database.

    To name PostgreSQL's where the tables are written down would load its dialect at every start.
    """
    if is_sqlite(connection):
        return
    for table in metadata.tables.values():
        for index in table.indexes:
            condition = index.dialect_options["sqlite"].get("where")
            if condition is not None:
                index.dialect_options["postgresql"]["where"] = condition


def lock_schema(connection: Connection) -> None:
    """Let one process at a time change the schema, until its transaction ends. SQLite's writers are alone anyway."""
    if not is_sqlite(connection):
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_SCHEMA_LOCK})")


def insert_unless_present(connection: Connection, table: Table, values: dict[str, Any] | list[dict[str, Any]]) -> None:
    """Insert rows, leaving out each of which a unique value is taken, even by a transaction that just ended."""
    connection.execute(_insert(connection, table).on_conflict_do_nothing(), values)


def insert_or_update(
    connection: Connection, table: Table, values: list[dict[str, Any]], key: Sequence[str], changing: str
) -> None:
    """Insert rows; of each whose unique `key` is taken, give the row that is there the new value of one column."""
    statement = _insert(connection, table)
    set_ = {changing: statement.excluded[changing]}
    connection.execute(statement.on_conflict_do_update(index_elements=list(key), set_=set_), values)


def _insert(connection: Connection, table: Table) -> Any:
    # Imported when first needed: PostgreSQL's dialect costs as much start-up time as all of the catalog.
    if is_sqlite(connection):
        from sqlalchemy.dialects.sqlite import insert
    else:
        from sqlalchemy.dialects.postgresql import insert
    return insert(table)


def continue_counting(connection: Connection, tables: Iterable[Table]) -> None:
    """After rows came with keys of their own, let new rows get the keys behind them. SQLite looks for itself."""
    if is_sqlite(connection):
        return
    for table in tables:
        if "key" in table.c and table.c["key"].primary_key:
            highest = connection.execute(select(func.max(table.c["key"]))).scalar()
            if highest is not None:
                sequence = func.pg_get_serial_sequence(table.name, "key")
                connection.execute(select(func.setval(sequence, highest)))


def write_copy(engine: Engine, path: Path) -> bool:
    """Write a consistent copy of a SQLite database to a file that is empty; False for another database."""
    if not is_sqlite(engine):
        return False
    with engine.execution_options(rollbook_begin=_OUTSIDE).connect() as connection:
        connection.exec_driver_sql("VACUUM INTO ?", (str(path),))
    return True
