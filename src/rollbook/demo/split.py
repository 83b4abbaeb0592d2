"""One split for all models, by pupil: nobody is in two parts, whatever the number of their rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

PARTS = ("train", "validation", "test")


def split_students(
    students: NDArray[Any], *, seed: int, validation: float = 0.15, test: float = 0.40
) -> NDArray[np.str_]:
    """Deal the distinct students out to train, validation and test.

    Args:
        students: Student of every row.
        seed: Seed of the shuffle.
        validation: Share of the students for choosing thresholds.
        test: Share of the students held out.

    Returns:
        `train`, `validation` or `test` for every row.
    """
    names, row = np.unique(students, return_inverse=True)
    place = np.random.default_rng(seed).permutation(len(names)) / len(names)
    dealt = np.where(place < test, "test", np.where(place < test + validation, "validation", "train"))
    return dealt[row]
