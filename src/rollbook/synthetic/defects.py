"""The defects of a real export, put into generated rows: so that a cleaning step has something to clean."""

from __future__ import annotations

import msgspec
import numpy as np

from rollbook.model.errors import InvalidInput
from rollbook.synthetic.tutoring import Columns


class ExportDefects(msgspec.Struct, frozen=True, kw_only=True):
    """Shares of the rows that a careless export spoils.

    Attributes:
        repeated: Rows written twice (a double click, a retried request).
        untimed: Rows whose `time_on_problem` is missing (NaN).
        idle: Rows whose clock kept running while the tab was left open (one to eight hours).
    """

    repeated: float = 0.02
    untimed: float = 0.01
    idle: float = 0.005

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            share: float = getattr(self, name)
            if not 0 <= share <= 1:
                raise InvalidInput(f"{name} is {share!r}", hint="a share between 0 and 1")


def spoil(interactions: Columns, defects: ExportDefects, *, seed: int) -> Columns:
    """Interactions as a careless export would deliver them.

    Args:
        interactions: Columns with at least `time_on_problem` (seconds).
        defects: How much to spoil.
        seed: Seed of the random numbers.

    Returns:
        New columns: times spoiled first, then repeated rows inserted directly behind their originals.
    """
    rng = np.random.default_rng(seed)
    n = len(interactions["time_on_problem"])
    time = interactions["time_on_problem"].astype(np.float64)
    time = np.where(rng.random(n) < defects.idle, rng.uniform(3600, 8 * 3600, n).round(1), time)
    time = np.where(rng.random(n) < defects.untimed, np.nan, time)
    copies = np.repeat(np.arange(n), 1 + (rng.random(n) < defects.repeated))
    return {name: (time if name == "time_on_problem" else values)[copies] for name, values in interactions.items()}
