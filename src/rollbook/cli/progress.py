"""How far long work is whose end is not known: a line on stderr that counts bytes, where somebody watches."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

from rollbook.cli import words

_EVERY = 0.2
_CLEAR = "\r\x1b[K"


@contextmanager
def counting(title: str) -> Generator[Callable[[int], None] | None]:
    """A callable that takes bytes done since its last call, or None where nobody watches.

    Args:
        title: What is being done, such as `checked`.
    """
    if not sys.stderr.isatty():
        yield None
        return
    done, shown = 0, 0.0

    def count(more: int) -> None:
        nonlocal done, shown
        done += more
        now = time.monotonic()
        if now - shown >= _EVERY:
            shown = now
            sys.stderr.write(f"{_CLEAR}{title} {words.size(done)}")
            sys.stderr.flush()

    try:
        yield count
    finally:
        sys.stderr.write(_CLEAR)
        sys.stderr.flush()
