"""What the numbers were measured on, and the state of its page cache."""

from __future__ import annotations

import datetime
import os
import platform
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path


def facts(work: Path) -> dict[str, str | int]:
    """The machine, as far as it bears on the numbers. `work` is the folder whose file system is measured."""
    return {
        "time": datetime.datetime.now(tz=datetime.UTC).isoformat(timespec="seconds"),
        "cpu": _field("/proc/cpuinfo", "model name"),
        "cores": len(os.sched_getaffinity(0)),
        "memory_mib": int(_field("/proc/meminfo", "MemTotal").split()[0]) // 1024,
        "kernel": platform.release(),
        "file_system": _file_system(work),
        "free_mib": shutil.disk_usage(work).free >> 20,
        "python": platform.python_version(),
    }


def settle(paths: list[Path], *, warm: bool) -> None:
    """Write out what is dirty, then bring the files below `paths` into the page cache, or evict them from it."""
    os.sync()
    for file in _files(paths):
        descriptor = os.open(file, os.O_RDONLY)
        try:
            if warm:
                while os.read(descriptor, 1 << 20):
                    pass
            else:
                os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(descriptor)


def _files(paths: list[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_file():
            yield path
        for parent, _, names in os.walk(path):
            yield from (found for name in names if (found := Path(parent) / name).is_file())


def _field(path: str, name: str) -> str:
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return "unknown"


def _file_system(folder: Path) -> str:
    found = subprocess.run(["stat", "-f", "-c", "%T", str(folder)], capture_output=True, text=True, check=False)
    return found.stdout.strip() or "unknown"
