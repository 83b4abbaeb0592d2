"""Progress of long transfers, where somebody watches: tqdm where it is installed (it knows notebooks), else rich."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

from rollbook.sdk.transport import Progress

_WORTH_SHOWING = 64 * 1024 * 1024


@contextmanager
def bar(title: str, total: Callable[[], int]) -> Generator[Progress | None]:
    """A callable that takes bytes done, or None where no bar is shown.

    Args:
        title: What is being done.
        total: Tells how many bytes there are to do, where somebody watches; small transfers show nothing.
    """
    size = total() if _watched() else 0
    if size < _WORTH_SHOWING:
        yield None
        return
    try:
        automatic: Any = importlib.import_module("tqdm.auto")
    except ImportError:
        with _rich(title, size) as update:
            yield update
        return
    with automatic.tqdm(desc=title, total=size, unit="B", unit_scale=True, leave=False) as shown:
        yield shown.update


def _watched() -> bool:
    return sys.stderr.isatty() or "ipykernel" in sys.modules


@contextmanager
def _rich(title: str, total: int) -> Generator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(title, total=total)
        yield lambda done: bars.advance(task, done)
