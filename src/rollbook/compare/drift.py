"""Have the data moved? Population stability index over counts, and two-sample tests.

The bands 0.1 and 0.25 of the index hold for large samples only: without any shift its mean is about
(bins - 1) x (1/n_expected + 1/n_actual).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy import stats as _untyped

from rollbook.compare.arrays import Floats

_stats: Any = _untyped

FLOOR = 1e-4
"""Share given to an empty bin, so that the index stays finite."""


class Shift(NamedTuple):
    """A test statistic and its p-value."""

    statistic: float
    p: float


def population_stability_index(expected: Floats, actual: Floats, floor: float = FLOOR) -> float:
    """Sum of (a - e) ln(a / e) over bins, from counts, each (bins,) with a positive sum."""
    e = np.clip(expected / expected.sum(), floor, None)
    a = np.clip(actual / actual.sum(), floor, None)
    return float(((a - e) * np.log(a / e)).sum())


def expected_index_without_shift(bins: int, n_expected: int, n_actual: int) -> float:
    """Mean of the index when nothing moved: subtract it before judging small samples."""
    return (bins - 1) * (1 / n_expected + 1 / n_actual)


def kolmogorov_smirnov(expected: Floats, actual: Floats) -> Shift:
    """Largest distance of two empirical distributions. With many rows p is tiny for any shift: look at the distance."""
    result = _stats.ks_2samp(expected, actual)
    return Shift(float(result.statistic), float(result.pvalue))


def chi_squared(expected: Floats, actual: Floats) -> Shift:
    """Test that two samples of counts, each (bins,), have one distribution."""
    result = _stats.chi2_contingency(np.stack([expected, actual]))
    return Shift(float(result.statistic), float(result.pvalue))
