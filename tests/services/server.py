"""A real Rollbook server: `rollbook serve` as a process of its own, on a free port and a data directory."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from rollbook.sdk.settings import MARKER
from tests.services.people import populate_directory

ROOT = Path(__file__).parents[2]
START_SECONDS = 60


class RollbookServer:
    """A running server.

    Attributes:
        address: Its base URL.
        data_dir: Its data directory.
        keys: A key of each person, by login name, see `tests.services.people.populate`.
        process: The process; `process.pid` may be killed.
    """

    def __init__(
        self, data_dir: Path, *arguments: str, environment: Mapping[str, str] | None = None, port: int = 0
    ) -> None:
        """Start a server.

        Args:
            data_dir: Data directory; it is made, and people are put into it, where it is not there.
            *arguments: More arguments of `rollbook serve`.
            environment: More environment. How often somebody may ask is not limited unless it is here.
            port: Port to listen on; 0 for any.
        """
        self.keys = {} if (data_dir / MARKER).exists() else populate_directory(data_dir)
        self.data_dir = data_dir
        self._arguments = arguments
        self._environment = {**os.environ, "ROLLBOOK_KEY_RATE": "100000/100000", **(environment or {})}
        self.errors = data_dir.parent / f"{data_dir.name}.server-errors"
        self.port = port
        self.start()

    def start(self) -> None:
        """Start it, on the port that it had before, and wait until it answers."""
        command = [sys.executable, "-m", "rollbook.cli", "serve", "--json", "--data-dir", str(self.data_dir)]
        with self.errors.open("ab") as errors:
            self.process = subprocess.Popen(
                [*command, "--port", str(self.port), *self._arguments],
                stdout=subprocess.PIPE,
                stderr=errors,
                env=self._environment,
                cwd=ROOT,
            )
        self.announced = json.loads(_document(self.process, self.errors))
        self.address, self.port = self.announced["address"], self.announced["port"]

    def stop(self, seconds: float = 30) -> int:
        """Stop it as an administrator does; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self._ended(seconds)

    def kill(self) -> None:
        """Kill it as a machine that loses power does."""
        self.process.kill()
        self._ended(30)

    def _ended(self, seconds: float) -> int:
        try:
            return self.process.wait(seconds)
        finally:
            self.process.kill()
            self.process.wait()
            assert self.process.stdout is not None
            self.process.stdout.close()


def _document(process: subprocess.Popen[bytes], errors: Path) -> str:
    """The document that the server writes once it answers."""
    assert process.stdout is not None
    deadline = time.monotonic() + START_SECONDS
    lines: list[str] = []
    while time.monotonic() < deadline:
        line = process.stdout.readline().decode()
        lines.append(line)
        if line == "}\n":
            return "".join(lines)
        if not line:
            break
    process.kill()
    raise AssertionError(f"the server did not start:\n{errors.read_text()}")


@contextmanager
def running(
    data_dir: Path, *arguments: str, environment: Mapping[str, str] | None = None, port: int = 0
) -> Iterator[RollbookServer]:
    """A server that runs as long as the block."""
    server = RollbookServer(data_dir, *arguments, environment=environment, port=port)
    try:
        yield server
    finally:
        server.stop()
