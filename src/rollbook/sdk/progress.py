"""Progress of long transfers: a tqdm bar where tqdm is installed and somebody watches, nothing otherwise."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from rollbook.sdk.transport import Progress

_WORTH_SHOWING = 64 * 1024 * 1024


@contextmanager
def bar(title: str, total: int) -> Generator[Progress | None]:
    """A callable that takes bytes done, or None where no bar is shown."""
    shown = _make(title, total) if total >= _WORTH_SHOWING and _watched() else None
    try:
        yield shown.update if shown is not None else None
    finally:
        if shown is not None:
            shown.close()


def _watched() -> bool:
    return sys.stderr.isatty() or "ipykernel" in sys.modules


def _make(title: str, total: int) -> Any:
    try:
        automatic = importlib.import_module("tqdm.auto")
    except ImportError:
        return None
    return automatic.tqdm(desc=title, total=total, unit="B", unit_scale=True, leave=False)
