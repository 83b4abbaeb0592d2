"""Failpoints: named steps at which a test may let the process die, wait or fail.

Nothing happens at a step unless a program armed them, which only a server does that was started with
`--enable-failpoints`. The steps are those after which a crash leaves the register in a different state.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

Failpoint = Literal["blob.after_write", "blob.after_publish", "commit.before_db", "commit.after_db", "answer.before"]

_armed: Callable[[Failpoint], None] | None = None


def reach(step: Failpoint) -> None:
    """Say that a step is reached."""
    if _armed is not None:
        _armed(step)


def arm(act: Callable[[Failpoint], None] | None) -> None:
    """Call this at every step from now on; None for nothing."""
    global _armed  # noqa: PLW0603 - one process, one plan; the steps are far apart
    _armed = act
