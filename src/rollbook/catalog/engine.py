"""The catalog: a database of names and facts, and the transactions in which they are read and written."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import msgspec
from sqlalchemy import URL, Connection, Engine, exc

from rollbook.catalog import dialect
from rollbook.catalog.migrations import HEAD
from rollbook.catalog.setup import revision_of, set_up
from rollbook.model.errors import StorageFull, Unavailable, UnsupportedFormat


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator should know about a catalog.

    Attributes:
        database: `sqlite` or `postgresql`.
        database_version: Its version.
        fixed: False for a SQLite that can corrupt its log under several writers.
        revision: Revision of the schema.
        log_bytes: Size of the write-ahead log; a reader that never ends lets it grow.
        damage: What the database's own check found; empty when it is sound.
    """

    database: str
    database_version: str
    fixed: bool
    revision: str | None
    log_bytes: int
    damage: tuple[str, ...]


class Catalog:
    """An open catalog. Threads may share it; a forked process gets connections of its own."""

    def __init__(self, url: URL, engine: Engine, *, read_only: bool) -> None:
        """Use `open` instead."""
        self._url = url
        self._read_only = read_only
        self._engine = engine
        self._process = os.getpid()
        self._inherited: list[Engine] = []
        self._observe: Callable[[str, float], None] | None = None
        self._turn = threading.Lock()

    @classmethod
    def open(cls, target: str | Path, *, create: bool = False, read_only: bool = False) -> Self:
        """Open a catalog, bringing its schema up to date.

        Args:
            target: Path of a SQLite file, or a database URL.
            create: Make it where it does not exist.
            read_only: Never write, not even to upgrade the schema.

        Raises:
            NotFound: It does not exist and `create` is False.
            UnsupportedFormat: A newer release wrote it.
            StorageFull: The disk is full or read-only.
            Unavailable: Another process held it for 30 seconds.
            CorruptData: The file is not a catalog.
        """
        url = dialect.database_url(target)
        path = dialect.sqlite_path(url)
        if path is not None:
            dialect.prepare_file(path, create=create and not read_only)
        engine = dialect.connect_engine(url, read_only=read_only)
        try:
            set_up(engine, create=create, read_only=read_only)
        except BaseException:
            engine.dispose()
            raise
        return cls(url, engine, read_only=read_only)

    @property
    def read_only(self) -> bool:
        """Whether the catalog was opened for reading only."""
        return self._read_only

    @contextmanager
    def write(self) -> Generator[Connection]:
        """A transaction that writes: it commits, durably, when the block ends, and rolls back when it raises.

        Raises:
            Unavailable: Another writer held the lock for 30 seconds.
            StorageFull: The disk is full, or the catalog is read-only; nothing was changed.
        """
        if self._read_only:
            raise StorageFull("the catalog is open for reading only", hint="open it for writing")
        engine = self._own_engine()
        with self._timed("write"), self._in_turn(engine), _pool_errors(), dialect.writing(engine).begin() as connection:
            yield connection
        dialect.checkpoint_alone(engine, dialect.sqlite_path(self._url))

    @contextmanager
    def read(self) -> Generator[Connection]:
        """A transaction that reads one consistent snapshot. Keep it short: the log grows while it lasts.

        Raises:
            Unavailable: The database is away.
        """
        with self._timed("read"), _pool_errors(), dialect.reading(self._own_engine()).connect() as connection:
            yield connection

    def observe(self, observe: Callable[[str, float], None]) -> None:
        """Be told of every transaction that ends: `read` or `write`, and its seconds, waiting included."""
        self._observe = observe

    def ping(self) -> str:
        """Ask the database whether it answers, and name it.

        Raises:
            Unavailable: It is away.
            UnsupportedFormat: A newer release upgraded it while this process ran.
        """
        with self.read() as connection:
            revision, name = revision_of(connection), connection.dialect.name
        if revision != HEAD:
            raise UnsupportedFormat(
                f"the catalog has schema {revision!r}; this release works with {HEAD!r}",
                hint="restart the server with the newer release",
            )
        return f"{name}, schema {revision}"

    def snapshot(self, path: Path) -> None:
        """Write all of it, as it is at one moment, to a SQLite file, while others write on.

        Args:
            path: A file that does not exist; readable by its owner only.

        Raises:
            StorageFull: No room.
            Unavailable: The database is away.
        """
        dialect.prepare_file(path, create=True)
        if not dialect.write_copy(self._own_engine(), path):
            from rollbook.catalog.copying import copy

            with Catalog.open(path, create=True) as file, self.read() as source, file.write() as target:
                copy(source, target, lambda _: None)
        dialect.sync_file(path)

    def health(self) -> Health:
        """Check the database; takes time in proportion to its size."""
        with self.read() as connection:
            return Health(
                database=connection.dialect.name,
                database_version=".".join(str(part) for part in connection.dialect.server_version_info or ()),
                fixed=not dialect.is_sqlite(connection) or dialect.sqlite_is_fixed(),
                revision=revision_of(connection),
                log_bytes=dialect.log_bytes(dialect.sqlite_path(self._url)),
                damage=dialect.damage(connection),
            )

    def close(self) -> None:
        """Close every connection. The catalog opens new ones if it is used again."""
        if self._process == os.getpid():
            self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    @contextmanager
    def _in_turn(self, engine: Engine) -> Generator[None]:
        """Let the threads of this process write to SQLite one by one.

        They would wait for each other anyway, but there each asks again every few milliseconds.
        """
        if not dialect.is_sqlite(engine):
            yield
            return
        turn = self._turn
        if not turn.acquire(timeout=dialect.BUSY_SECONDS):
            raise Unavailable(f"another thread wrote for {dialect.BUSY_SECONDS} seconds", hint="try again")
        try:
            yield
        finally:
            turn.release()

    @contextmanager
    def _timed(self, kind: str) -> Generator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            if self._observe is not None:
                self._observe(kind, time.perf_counter() - started)

    def _own_engine(self) -> Engine:
        """The engine of this process. An inherited SQLite connection must be neither used nor closed, so it is kept."""
        if self._process != os.getpid():
            self._inherited.append(self._engine)
            self._engine = dialect.connect_engine(self._url, read_only=self._read_only)
            self._turn = threading.Lock()  # the old one may be held by a thread that exists in the parent only
            self._process = os.getpid()
        return self._engine


@contextmanager
def _pool_errors() -> Generator[None]:
    try:
        yield
    except exc.TimeoutError as error:
        raise Unavailable(f"too many transactions are open in this process: {error}", hint="close some") from error
