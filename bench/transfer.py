"""The transfer benchmark: files to a server and back, over the loopback, beside MLflow's artifact proxy.

Client and server share the machine's processors, as in the targets. Start-up is not counted.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import NamedTuple

from bench.environments import PEERS, own_program, program, script
from bench.measure import Command, CommandFailed, run

LARGE_BYTES = 1 << 30
STREAMS = 8
SMALL_FILES = 2_000
SMALL_BYTES = (4 << 10, 64 << 10)
_BLOCK = 16 << 20
_START_SECONDS = 300.0
_PAUSE_SECONDS = 0.1


class Transfer(NamedTuple):
    """What one tool took for one step.

    Attributes:
        tool: Name of the tool.
        step: What was done.
        seconds: Median over the rounds.
        size: Bytes that were moved.
        rounds: How often.
    """

    tool: str
    step: str
    seconds: float
    size: int
    rounds: int

    @property
    def speed(self) -> float:
        """MiB per second."""
        return self.size / self.seconds / (1 << 20)


def run_transfer(work: Path, *, scale: float = 1.0, rounds: int = 3) -> list[Transfer]:
    """Let each tool move the same files `rounds` times, taking turns, below `work`, which is removed afterwards.

    Raises:
        CommandFailed: A server or client failed.
    """
    shutil.rmtree(work, ignore_errors=True)
    source = work / "source"
    _write(source, scale)
    sizes = _sizes(source)
    taken: dict[tuple[str, str], list[float]] = {}
    for number in range(rounds):
        for tool, measured in (("rollbook", _rollbook), ("mlflow", _mlflow)):
            home = work / f"{tool}-{number}"
            home.mkdir()
            for step, seconds in measured(source, home).items():
                taken.setdefault((tool, step), []).append(seconds)
            shutil.rmtree(home)
    shutil.rmtree(work)
    return [
        Transfer(tool, step, statistics.median(seconds), sizes[step], len(seconds))
        for (tool, step), seconds in taken.items()
    ]


def _write(source: Path, scale: float) -> None:
    """Incompressible files, the same at every run."""
    seeded = random.Random(1)
    (source / "parts").mkdir(parents=True)
    (source / "small").mkdir()
    (source / "warm.bin").write_bytes(seeded.randbytes(1 << 20))
    large = int(LARGE_BYTES * scale)
    _fill(source / "large.bin", large, seeded)
    for number in range(STREAMS):
        _fill(source / "parts" / f"part{number}.bin", large // STREAMS, seeded)
    for number in range(int(SMALL_FILES * scale)):
        (source / "small" / f"{number}.bin").write_bytes(seeded.randbytes(seeded.randint(*SMALL_BYTES)))


def _fill(path: Path, size: int, seeded: random.Random) -> None:
    with path.open("wb") as file:
        for start in range(0, size, _BLOCK):
            file.write(seeded.randbytes(min(_BLOCK, size - start)))


def _sizes(source: Path) -> Mapping[str, int]:
    large = (source / "large.bin").stat().st_size
    small = sum(path.stat().st_size for path in (source / "small").iterdir())
    parts = sum(path.stat().st_size for path in (source / "parts").iterdir())
    return {"upload": large, "upload x8": parts, "download": large, "upload small": small, "download small": small}


def _rollbook(source: Path, home: Path) -> dict[str, float]:
    data = home / "data"
    key = run(Command([sys.executable, str(PEERS / "rollbook_people.py"), str(data)], home)).split()[-1]
    port = _free_port()
    words = [own_program("rollbook"), "serve", "--data-dir", str(data), "--port", str(port)]
    environment = {
        "ROLLBOOK_SERVER": f"http://127.0.0.1:{port}",
        "ROLLBOOK_API_KEY": key,
        "ROLLBOOK_CACHE": str(home / "cache"),
        "ROLLBOOK_STATE": str(home / "state"),
    }
    with _serving(words, home, port, "/"):
        own = [sys.executable, str(PEERS / "rollbook_transfer.py")]
        return _client(Command([*own, str(source), str(home / "out")], home, environment))


def _mlflow(source: Path, home: Path) -> dict[str, float]:
    port = _free_port()
    words = [
        *(program("mlflow", "mlflow"), "server", "--host", "127.0.0.1", "--port", str(port)),
        *("--backend-store-uri", f"sqlite:///{home / 'mlflow.db'}"),
        *("--artifacts-destination", (home / "artifacts").as_uri()),
    ]
    environment = {
        "MLFLOW_TRACKING_URI": f"http://127.0.0.1:{port}",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    }
    with _serving(words, home, port, "/health"):
        client = [*script("mlflow", "mlflow_transfer.py"), str(source), str(home / "out")]
        return _client(Command(client, home, environment))


def _client(command: Command) -> dict[str, float]:
    return json.loads(run(command).splitlines()[-1])


@contextlib.contextmanager
def _serving(words: list[str], home: Path, port: int, path: str) -> Generator[None]:
    """A server that answers at `path` while the block runs."""
    log = home / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            words, cwd=home, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    try:
        _wait(process, f"http://127.0.0.1:{port}{path}", log)
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # MLflow's workers outlive their parent
        process.wait()


def _wait(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=5):
            return
        time.sleep(_PAUSE_SECONDS)
    raise CommandFailed(f"the server did not start:\n{log.read_text(errors='replace')[-2_000:]}")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        return int(one.getsockname()[1])
