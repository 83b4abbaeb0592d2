"""The start-up benchmark: how long until a tool does anything."""

from __future__ import annotations

import statistics
import sys
from pathlib import Path
from typing import NamedTuple

from bench.environments import own_program, program
from bench.measure import Command, measure


class StartUp(NamedTuple):
    """Median seconds of a whole process.

    Attributes:
        tool: Name of the tool.
        what: `import` or `--help`.
        seconds: Median.
        samples: How many.
    """

    tool: str
    what: str
    seconds: float
    samples: int


def run_startup(work: Path, *, rounds: int = 9) -> list[StartUp]:
    """Time imports and `--help` of each tool, taking turns.

    Raises:
        CommandFailed: A tool failed.
    """
    work.mkdir(parents=True, exist_ok=True)
    commands = {
        ("python", "import"): [sys.executable, "-c", "pass"],
        ("rollbook", "import"): [sys.executable, "-c", "import rollbook"],
        ("rollbook", "--help"): [own_program("rollbook"), "--help"],
        ("wandb", "import"): [program("wandb", "python"), "-c", "import wandb"],
        ("wandb", "--help"): [program("wandb", "wandb"), "--help"],
        ("mlflow", "import"): [program("mlflow", "python"), "-c", "import mlflow"],
        ("mlflow", "--help"): [program("mlflow", "mlflow"), "--help"],
        ("dvc", "--help"): [program("dvc", "dvc"), "--help"],
    }
    taken: dict[tuple[str, str], list[float]] = {key: [] for key in commands}
    for turn in range(rounds + 1):
        for key, words in commands.items():
            seconds = measure(Command(words, work, {"COLUMNS": "100"}), sample_memory=False).seconds
            if turn:  # The first turn fills the page cache and writes compiled modules.
                taken[key].append(seconds)
    return [StartUp(*key, statistics.median(seconds), len(seconds)) for key, seconds in taken.items()]
