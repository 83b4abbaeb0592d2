"""The `log()` benchmark: what one call costs the training thread, ten values a call."""

from __future__ import annotations

import json
import shutil
import statistics
import sys
from pathlib import Path
from typing import NamedTuple

from bench.environments import PEERS, script
from bench.measure import Command, disk_bytes, run
from bench.tools import mlflow_settings, wandb_settings

VALUES = 10
_MLFLOW_SHARE = 20  # MLflow takes milliseconds a call: fewer calls give the same median.


class LogCost(NamedTuple):
    """What one call of `log` took.

    Attributes:
        tool: Name of the tool.
        mean: Microseconds, all calls.
        median: Microseconds.
        p99: Microseconds.
        calls: How many were timed, in all rounds together.
        bytes_per_value: Bytes on disk after the run, by the number of values.
    """

    tool: str
    mean: float
    median: float
    p99: float
    calls: int
    bytes_per_value: float


def run_history(work: Path, *, calls: int = 20_000, rounds: int = 3) -> list[LogCost]:
    """Time each tool `rounds` times, taking turns, in folders below `work` that are removed afterwards.

    Raises:
        CommandFailed: A tool failed.
    """
    taken: dict[str, list[int]] = {}
    disk: dict[str, float] = {}
    for _ in range(rounds):
        shutil.rmtree(work, ignore_errors=True)
        for tool, command, count in _commands(work, calls):
            times: list[int] = json.loads(run(command).splitlines()[-1])
            taken.setdefault(tool, []).extend(times)
            disk[tool] = disk_bytes(command.cwd) / (count * VALUES)
    shutil.rmtree(work)
    return [_cost(tool, times, disk[tool]) for tool, times in taken.items()]


def _commands(work: Path, calls: int) -> list[tuple[str, Command, int]]:
    homes = {tool: work / tool for tool in ("rollbook", "wandb", "mlflow")}
    for home in homes.values():
        home.mkdir(parents=True)
    few = max(10, calls // _MLFLOW_SHARE)
    own = [sys.executable, str(PEERS / "rollbook_history.py"), str(calls)]
    return [
        ("rollbook", Command(own, homes["rollbook"], {"ROLLBOOK_DATA": str(homes["rollbook"] / "store")}), calls),
        (
            "wandb",
            Command([*script("wandb", "wandb_history.py"), str(calls)], homes["wandb"], wandb_settings(homes["wandb"])),
            calls,
        ),
        (
            "mlflow",
            Command(
                [*script("mlflow", "mlflow_history.py"), str(few)], homes["mlflow"], mlflow_settings(homes["mlflow"])
            ),
            few,
        ),
    ]


def _cost(tool: str, nanoseconds: list[int], bytes_per_value: float) -> LogCost:
    return LogCost(
        tool,
        statistics.fmean(nanoseconds) / 1_000,
        statistics.median(nanoseconds) / 1_000,
        sorted(nanoseconds)[int(len(nanoseconds) * 0.99)] / 1_000,
        len(nanoseconds),
        bytes_per_value,
    )
