"""Run one command and measure it: wall time, peak memory of its whole process tree, bytes on disk."""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
import time
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

SAMPLE_SECONDS = 0.02


class Command(NamedTuple):
    """A process to measure.

    Attributes:
        words: Program and arguments.
        cwd: Folder it runs in.
        env: Variables added to the environment.
        result: Where what it fetched is found afterwards, to be checked; None where nothing is fetched.
    """

    words: list[str]
    cwd: Path
    env: Mapping[str, str] = {}
    result: Path | None = None


class Measurement(NamedTuple):
    """What one run of a command took.

    Attributes:
        seconds: Wall time from start to exit.
        heap: Peak bytes of memory that is not file-backed, summed over the process tree, sampled every 20 ms.
        resident: Peak resident bytes, the same way.
        output: What it printed.
    """

    seconds: float
    heap: int
    resident: int
    output: str = ""


class CommandFailed(Exception):
    """A measured command did not exit with 0: the benchmark would compare nonsense."""


def measure(command: Command, *, sample_memory: bool = True) -> Measurement:
    """Run `command` to its end.

    Raises:
        CommandFailed: It exited with another code than 0; the message has the end of what it printed.
    """
    started = time.perf_counter()
    process = _started(command)
    with _watched(process.pid, on=sample_memory) as peak:
        output, _ = process.communicate()
        seconds = time.perf_counter() - started
    _check(command, process.returncode, output)
    return Measurement(seconds, peak.heap, peak.resident, output.decode(errors="replace"))


def run(command: Command) -> str:
    """Run `command` to its end and return what it printed.

    Raises:
        CommandFailed: It exited with another code than 0.
    """
    process = _started(command)
    output, _ = process.communicate()
    _check(command, process.returncode, output)
    return output.decode(errors="replace")


def disk_bytes(folder: Path) -> int:
    """Bytes that the files below `folder` occupy (blocks, so that 20,000 small files count as what they take)."""
    inodes = {(info.st_dev, info.st_ino): info.st_blocks * 512 for info in _stats(folder)}
    return sum(inodes.values())


def _started(command: Command) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command.words,
        cwd=command.cwd,
        env={**os.environ, **command.env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def _check(command: Command, returncode: int, output: bytes) -> None:
    if returncode != 0:
        tail = output.decode(errors="replace")[-2_000:]
        raise CommandFailed(f"{' '.join(command.words)}\nexited with {returncode}:\n{tail}")


class _Peak:
    def __init__(self) -> None:
        self.heap = 0
        self.resident = 0

    def note(self, heap: int, resident: int) -> None:
        self.heap = max(self.heap, heap)
        self.resident = max(self.resident, resident)


@contextlib.contextmanager
def _watched(pid: int, *, on: bool) -> Generator[_Peak]:
    """Sample the memory of the process tree below `pid` while the block runs."""
    peak = _Peak()
    done = threading.Event()

    def sample() -> None:
        while not done.wait(SAMPLE_SECONDS):
            peak.note(*_tree_memory(pid))

    watcher = threading.Thread(target=sample, daemon=True)
    if on:
        watcher.start()
    try:
        yield peak
    finally:
        done.set()
        if on:
            watcher.join()


def _tree_memory(pid: int) -> tuple[int, int]:
    heap, resident = _memory(pid)
    for child in _children(pid):
        child_heap, child_resident = _tree_memory(child)
        heap, resident = heap + child_heap, resident + child_resident
    return heap, resident


def _children(pid: int) -> list[int]:
    found: list[int] = []
    with contextlib.suppress(OSError):  # Processes end while they are looked at.
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += [int(child) for child in (task / "children").read_text().split()]
    return found


def _memory(pid: int) -> tuple[int, int]:
    """Bytes of (anonymous and shared, all resident) memory of one process; zeros once it is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0, 0
    kib = {line.partition(":")[0]: int(line.split()[1]) for line in lines if line.startswith(("VmRSS", "Rss"))}
    return (kib.get("RssAnon", 0) + kib.get("RssShmem", 0)) * 1024, kib.get("VmRSS", 0) * 1024


def _stats(folder: Path) -> Iterator[os.stat_result]:
    for parent, _, names in os.walk(folder):
        for name in names:
            yield (Path(parent) / name).lstat()
