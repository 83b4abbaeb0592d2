"""The gap between the best and the worst group, with an interval that accounts for having looked for the extremes.

Largest minus smallest is biased upward: small groups scatter. So only groups large enough for statistics count, and the
interval is simultaneous over all pairs of groups: with c the level-quantile of the bootstrap's largest studentised pair
difference, every true pair difference lies within c standard errors of its estimate (single-step max-t, Westfall and
Young 1993), and the gap lies between the largest lower and the largest upper end.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rollbook.compare.arrays import Floats, floats


class MaxT(NamedTuple):
    """Simultaneous bounds of the largest pair difference, and the p-value of no difference at all."""

    low: float
    high: float
    p: float


def max_t(values: Floats, replicates: Floats, floor: Floats, level: float) -> MaxT:
    """Bounds of max(values) - min(values).

    Args:
        values: (groups,) estimates, at least two.
        replicates: (groups, n_boot) joint replicates; an undefined one counts as no deviation.
        floor: (groups,) standard errors to add where all replicates agree (rates of 0 or 1), else 0.
        level: Confidence level, simultaneous over pairs.
    """
    deviation = np.nan_to_num(replicates - values[:, None])
    differences: list[Floats] = []
    errors: list[Floats] = []
    largest = np.zeros(replicates.shape[1])
    for i in range(len(values) - 1):
        scatter = deviation[i] - deviation[i + 1 :]
        error = np.sqrt(scatter.var(axis=1, ddof=1) + floor[i] ** 2 + floor[i + 1 :] ** 2)
        used = error > 0
        if used.any():
            largest = np.maximum(largest, (np.abs(scatter[used]) / error[used, None]).max(axis=0))
        differences.append(np.abs(values[i] - values[i + 1 :]))
        errors.append(floats(error))
    return _bounds(np.concatenate(differences), np.concatenate(errors), largest, level)


def _bounds(difference: Floats, error: Floats, largest: Floats, level: float) -> MaxT:
    c = float(np.quantile(largest, level))
    used = error > 0
    clearest = float((difference[used] / error[used]).max()) if used.any() else 0.0
    return MaxT(
        low=max(0.0, float((difference - c * error).max())),
        high=float((difference + c * error).max()),
        p=(1 + int((largest >= clearest).sum())) / (1 + len(largest)),
    )
