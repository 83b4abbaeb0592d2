"""The storage benchmark: every tool logs the same versions, taking turns, and gets them back."""

from __future__ import annotations

import filecmp
import shutil
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from bench import workloads
from bench.machine import settle
from bench.measure import Command, Measurement, disk_bytes, measure
from bench.tools import Tool

LOG_VERSIONS = 10


class Step(NamedTuple):
    """One thing that every tool does before the next step begins. Steps of one name are samples of one number."""

    name: str
    action: Literal["log", "get"]
    cold: bool = False


class Workload(NamedTuple):
    """Versions of one file or folder.

    Attributes:
        name: `W1` ... `W4`.
        steps: Given where the data shall be and the scale, makes it and changes it between the steps it yields.
        rounds: How often to begin again with empty stores.
    """

    name: str
    steps: Callable[[Path, float], Iterator[Step]]
    rounds: int


class Outcome(NamedTuple):
    """What one tool took for one workload: medians of seconds by step, and peaks.

    Attributes:
        workload: `W1` ... `W4`.
        tool: Name of the tool.
        seconds: Step name -> median seconds.
        samples: Step name -> how many.
        heap: Largest peak of non-file memory over all steps, bytes.
        disk: What the tool keeps at the end, bytes.
        logical: The sizes of all versions logged in a round, added up, bytes.
    """

    workload: str
    tool: str
    seconds: dict[str, float]
    samples: dict[str, int]
    heap: int
    disk: int
    logical: int


class WrongBytes(Exception):
    """A tool gave back something else than it was given."""


def run_workload(workload: Workload, tools: Sequence[Tool], work: Path, *, scale: float) -> list[Outcome]:
    """Run `workload` with all `tools`, taking turns at every step, in folders below `work` that are removed afterwards.

    Raises:
        CommandFailed: A tool failed.
        WrongBytes: A tool gave back other bytes than it was given.
    """
    taken: dict[str, dict[str, list[Measurement]]] = defaultdict(lambda: defaultdict(list))
    disk: dict[str, int] = {}
    logical = 0
    for turn in range(workload.rounds):
        shutil.rmtree(work, ignore_errors=True)
        homes = _start(tools, work)
        logical = 0
        for number, step in enumerate(workload.steps(work / "source", scale)):
            logical += _size(work / "source") if step.action == "log" else 0
            for tool in _rotated(tools, turn + number):
                if (measured := _take(step, tool, homes[tool.name], work / "source")) is not None:
                    taken[tool.name][step.name].append(measured)
        disk = {tool.name: disk_bytes(tool.kept(homes[tool.name])) for tool in tools}
    shutil.rmtree(work)
    return [_outcome(workload.name, tool.name, taken[tool.name], disk[tool.name], logical) for tool in tools]


def checkpoint_steps(source: Path, scale: float) -> Iterator[Step]:
    """W1: one large file, the same again, and back."""
    workloads.write_checkpoint(source, scale=scale)
    yield Step("log", "log")
    yield Step("again", "log")
    yield Step("get", "get")
    yield Step("get cold", "get", cold=True)


def small_file_steps(source: Path, scale: float) -> Iterator[Step]:
    """W2: many small files, the same again, 1 % changed, and back."""
    workloads.write_small_files(source, scale=scale)
    yield Step("log", "log")
    yield Step("again", "log")
    workloads.change_small_files(source, scale=scale)
    yield Step("1 %", "log")
    yield Step("get", "get")
    yield Step("get cold", "get", cold=True)


def interaction_log_steps(source: Path, scale: float) -> Iterator[Step]:
    """W3: a log that grows."""
    workloads.write_log(source, scale=scale)
    yield Step("log", "log")
    for version in range(1, LOG_VERSIONS):
        workloads.grow_log(source, seed=version)
        yield Step("relog", "log")


def tensor_steps(source: Path, scale: float) -> Iterator[Step]:
    """W4: a checkpoint of which 5 % changes."""
    workloads.write_tensors(source, scale=scale)
    yield Step("log", "log")
    for version in range(1, LOG_VERSIONS):
        workloads.change_tensors(source, seed=version)
        yield Step("relog", "log")


def standard_workloads(rounds: int) -> list[Workload]:
    """The four workloads. W3 and W4 have nine samples of a relog in one round."""
    return [
        Workload("W1", checkpoint_steps, rounds),
        Workload("W2", small_file_steps, rounds),
        Workload("W3", interaction_log_steps, 1),
        Workload("W4", tensor_steps, 1),
    ]


def _start(tools: Sequence[Tool], work: Path) -> dict[str, Path]:
    homes = {tool.name: work / tool.name for tool in tools}
    for tool in tools:
        homes[tool.name].mkdir(parents=True)
        tool.start(homes[tool.name])
    return homes


def _take(step: Step, tool: Tool, home: Path, source: Path) -> Measurement | None:
    if step.action == "log":
        command = tool.log(home, source)
        settle([source], warm=True)
        return measure(command)
    command = tool.get(home, home / "got")
    if command is None:
        return None
    settle([tool.kept(home)], warm=not step.cold)
    measured = measure(command)
    _check(command, source, tool.name)
    shutil.rmtree(home / "got", ignore_errors=True)
    (home / "got").unlink(missing_ok=True)
    return measured


def _check(command: Command, source: Path, tool: str) -> None:
    """Compare what was fetched with the source, file by file in the order of their paths below whatever folder."""
    assert command.result is not None
    given, got = _files(source), _files(command.result)
    if len(given) != len(got) or not all(filecmp.cmp(a, b, shallow=False) for a, b in zip(given, got, strict=True)):
        raise WrongBytes(f"{tool}: {len(given)} files given, {len(got)} got back or their bytes differ")


def _files(path: Path) -> list[Path]:
    return [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())


def _size(path: Path) -> int:
    return sum(file.stat().st_size for file in _files(path))


def _rotated(tools: Sequence[Tool], by: int) -> list[Tool]:
    """Another tool begins at each step, so that none always runs after the same one."""
    start = by % len(tools)
    return [*tools[start:], *tools[:start]]


def _outcome(workload: str, tool: str, taken: dict[str, list[Measurement]], disk: int, logical: int) -> Outcome:
    return Outcome(
        workload,
        tool,
        {step: statistics.median(sample.seconds for sample in samples) for step, samples in taken.items()},
        {step: len(samples) for step, samples in taken.items()},
        max((sample.heap for samples in taken.values() for sample in samples), default=0),
        disk,
        logical,
    )
