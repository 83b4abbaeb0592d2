"""A register whose clock and randomness are counted, so that nothing in a test depends on when it runs."""

from __future__ import annotations

import hashlib
import itertools
from pathlib import Path

from rollbook.app import datadir
from rollbook.app.register import Register

START = 1_790_000_000_000_000


def counted(folder: Path) -> Register:
    """A new register in `folder/data`, as its owner sees it; its clock gains a millisecond whenever it is read."""
    ticks, numbers = itertools.count(START, 1000), itertools.count(1)
    return datadir.open_directory(
        folder / "data",
        user="user:ana",
        clock=lambda: next(ticks),
        random=lambda size: hashlib.shake_256(b"%d" % next(numbers)).digest(size),
        create=True,
    )
