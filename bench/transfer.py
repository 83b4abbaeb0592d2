"""The transfer benchmark: files to a server and back, over the loopback, beside MLflow's artifact proxy.

Client and server share the machine's processors, as in the targets. Start-up is not counted.
"""

from __future__ import annotations

import json
import random
import shutil
import statistics
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from bench import servers
from bench.environments import PEERS, program, script
from bench.measure import Command, run

LARGE_BYTES = 1 << 30
STREAMS = 8
SMALL_FILES = 2_000
SMALL_BYTES = (4 << 10, 64 << 10)
_BLOCK = 16 << 20


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
    with servers.rollbook(home) as served:
        own = [sys.executable, str(PEERS / "rollbook_transfer.py")]
        return _client(Command([*own, str(source), str(home / "out")], home, served.environment))


def _mlflow(source: Path, home: Path) -> dict[str, float]:
    port = servers.free_port()
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
    with servers.serving(words, home, port, "/health"):
        client = [*script("mlflow", "mlflow_transfer.py"), str(source), str(home / "out")]
        return _client(Command(client, home, environment))


def _client(command: Command) -> dict[str, float]:
    return json.loads(run(command).splitlines()[-1])
