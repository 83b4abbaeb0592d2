"""How long work tells about itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

Progress: TypeAlias = Callable[[int], None]
"""Called with the number of bytes dealt with since the last call."""


def silent(_: int, /) -> None:
    """Tells nobody."""
