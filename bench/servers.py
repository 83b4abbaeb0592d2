"""Servers that a benchmark starts, and Rollbook's own with somebody who may use it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import NamedTuple

from bench.environments import PEERS, own_program
from bench.measure import Command, CommandFailed, run

_START_SECONDS = 300.0
_PAUSE_SECONDS = 0.1


class Served(NamedTuple):
    """A running Rollbook server.

    Attributes:
        host: Where it listens.
        port: Its port.
        key: Key of an analyst.
        process: Its process.
        environment: What a client must be told.
    """

    host: str
    port: int
    key: str
    process: int
    environment: Mapping[str, str]

    @property
    def peak_bytes(self) -> int:
        """Most memory that was resident so far."""
        status = Path(f"/proc/{self.process}/status").read_text(encoding="utf-8")
        line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024


@contextlib.contextmanager
def rollbook(home: Path, *, core: int | None = None, runs: int = 0) -> Generator[Served]:
    """A Rollbook server over a new data directory, as long as the block runs.

    Args:
        home: A folder for everything.
        core: The only core that it may use; None for all.
        runs: So many runs are there already, in the project `bench`.
    """
    data, port = home / "data", free_port()
    people = Command([sys.executable, str(PEERS / "rollbook_people.py"), str(data), str(runs)], home)
    key = run(people).split()[-1]
    words = [own_program("rollbook"), "serve", "--data-dir", str(data), "--port", str(port)]
    environment = {
        "ROLLBOOK_SERVER": f"http://127.0.0.1:{port}",
        "ROLLBOOK_API_KEY": key,
        "ROLLBOOK_CACHE": str(home / "cache"),
        "ROLLBOOK_STATE": str(home / "state"),
    }
    told = {"ROLLBOOK_KEY_RATE": "100000/100000"}  # one key stands for a whole team here
    with serving(pinned(core, words), home, port, "/healthz", told) as process:
        yield Served("127.0.0.1", port, key, process, environment)


def pinned(core: int | None, words: list[str]) -> list[str]:
    """A command that may use one core only, where this machine can do that."""
    return ["taskset", "-c", str(core), *words] if core is not None and shutil.which("taskset") else words


@contextlib.contextmanager
def serving(
    words: list[str], home: Path, port: int, path: str, environment: Mapping[str, str] | None = None
) -> Generator[int]:
    """A server that answers at `path` while the block runs; gives its process id."""
    log = home / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            words,
            cwd=home,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        _wait(process, f"http://127.0.0.1:{port}{path}", log)
        yield process.pid
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # MLflow's workers outlive their parent
        process.wait()


def free_port() -> int:
    """A port of the loopback that nobody uses now."""
    with socket.create_server(("127.0.0.1", 0)) as one:
        return int(one.getsockname()[1])


def _wait(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=5):
            return
        time.sleep(_PAUSE_SECONDS)
    raise CommandFailed(f"the server did not start:\n{log.read_text(errors='replace')[-2_000:]}")
