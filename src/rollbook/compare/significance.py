"""Tests and corrections that stand alone: McNemar, Holm, Benjamini-Hochberg, minimum detectable difference."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from rollbook.compare.arrays import Floats, Ints, floats
from rollbook.compare.distributions import binomial_half_p_value, chi2_1_p_value, normal_quantile, two_sided_z
from rollbook.compare.plan import Correction

EXACT_BELOW = 25
"""Discordant pairs below which McNemar's test is the exact binomial one."""

POWER = 0.8


class McNemar(NamedTuple):
    """McNemar's test of two versions' decisions on the same rows.

    Attributes:
        only_a: Rows that only the first version got right.
        only_b: Rows that only the second got right.
        statistic: Chi-squared with continuity correction; 0 without discordant rows.
        p: Two-sided p-value.
        method: `exact-binomial` or `chi2-continuity`.
    """

    only_a: int
    only_b: int
    statistic: float
    p: float
    method: str


def mcnemar(only_a: int, only_b: int, *, exact: bool | None = None) -> McNemar:
    """Test whether two versions are right equally often (McNemar 1947; continuity correction: Edwards 1948).

    It takes rows as independent: where students have several rows it is anti-conservative, use the bootstrap instead.

    Args:
        only_a: Rows that only the first version got right.
        only_b: Rows that only the second got right.
        exact: Force or forbid the binomial form; None uses it below 25 discordant rows.
    """
    discordant = only_a + only_b
    if discordant == 0:
        return McNemar(only_a, only_b, 0.0, 1.0, "exact-binomial")
    statistic = (abs(only_a - only_b) - 1) ** 2 / discordant
    if discordant < EXACT_BELOW if exact is None else exact:
        return McNemar(only_a, only_b, statistic, binomial_half_p_value(only_a, discordant), "exact-binomial")
    return McNemar(only_a, only_b, statistic, chi2_1_p_value(statistic), "chi2-continuity")


def mcnemar_of(truth: Floats, a: Floats, b: Floats) -> McNemar:
    """McNemar's test from truth and two versions' decisions, each (n,)."""
    right_a, right_b = a == truth, b == truth
    return mcnemar(int((right_a & ~right_b).sum()), int((~right_a & right_b).sum()))


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """p-values adjusted for the family-wise error rate (Holm 1979), in the order given."""
    p, order = _sorted(p_values)
    factors = np.arange(len(p), 0, -1)
    return _unsorted(np.maximum.accumulate(p * factors), order)


def bh(p_values: Sequence[float]) -> tuple[float, ...]:
    """p-values adjusted for the false discovery rate (Benjamini and Hochberg 1995), in the order given."""
    p, order = _sorted(p_values)
    factors = len(p) / np.arange(1, len(p) + 1)
    return _unsorted(np.minimum.accumulate((p * factors)[::-1])[::-1], order)


def adjusted(p_values: Sequence[float], correction: Correction) -> tuple[float, ...]:
    """p-values adjusted by the named correction."""
    if correction == "none":
        return tuple(p_values)
    return holm(p_values) if correction == "holm" else bh(p_values)


def minimum_detectable_difference(se: float, level: float = 0.95) -> float:
    """The true difference that a two-sided test at 1 - level finds with 80 % power: 2.8 standard errors at 0.95."""
    return (two_sided_z(level) + normal_quantile(POWER)) * se


def _sorted(p_values: Sequence[float]) -> tuple[Floats, Ints]:
    p = floats(p_values)
    order = np.asarray(np.argsort(p, kind="stable"), dtype=np.int64)
    return p[order], order


def _unsorted(values: Floats, order: Ints) -> tuple[float, ...]:
    result = np.empty(len(values))
    result[order] = np.minimum(values, 1.0)
    return tuple(float(value) for value in result)
