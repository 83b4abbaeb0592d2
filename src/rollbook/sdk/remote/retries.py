"""When a request is sent again, and how long to wait before that."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

AGAIN = frozenset({429, 502, 503, 504})
"""Statuses after which the same request may succeed: nothing was done, or what was done is told again."""

LONGEST_SECONDS = 30.0


class Patience(NamedTuple):
    """How often and how long to try.

    Attributes:
        attempts: Most times that a request is sent, once the server has answered before.
        first_attempts: The same for a server that never answered: its address may be wrong.
        pause: Seconds before the second attempt; each further pause is twice as long.
        longest: Longest pause, seconds.
    """

    attempts: int = 8
    first_attempts: int = 3
    pause: float = 0.2
    longest: float = 8.0


USUAL = Patience()


def pause_before(attempt: int, patience: Patience, random: Callable[[], float], asked: str | None = None) -> float:
    """Seconds to wait before an attempt, with jitter: clients that were cut off together must not return together.

    Args:
        attempt: Which attempt comes next; the second is 2.
        patience: How long to try.
        random: A number from 0 to 1.
        asked: What the server asked for (`Retry-After`, seconds), or None.
    """
    grown = min(patience.longest, patience.pause * 2 ** (attempt - 2))
    wanted = float(asked) if asked is not None and asked.isdigit() else 0.0
    return min(LONGEST_SECONDS, max(wanted, grown * (0.5 + random() / 2)))
