"""Agreement of machine scores with human scores, as essay scoring reports it (RSMTool's definitions).

Sources: Haberman 2019 (QWK from moments); Williamson, Xi and Breyer 2012 (standardised mean difference, degradation);
Loukina, Madnani and Zechner 2019 (differences of standardised means by group).
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from rollbook.compare.arrays import Floats, Labels

Pooling = Literal["unpooled", "williamson", "pooled"]
"""What a standardised mean difference divides by: the human standard deviation, the root mean square of both, or both
pooled by degrees of freedom."""


def qwk(human: Floats, machine: Floats, weight: Floats | None = None) -> float | None:
    """Quadratic weighted kappa of continuous or integer scores, each (n,); None when both are constant and equal.

    1 - E(h-m)^2 / (var h + var m + (mean h - mean m)^2), population moments; on integers it is Cohen's.
    """
    w = np.ones(len(human)) if weight is None else weight
    h, m = human - np.average(human, weights=w), machine - np.average(machine, weights=w)
    shift = float(np.average(human - machine, weights=w)) ** 2
    spread = float(np.average(h * h + m * m, weights=w)) + shift
    return None if spread == 0 else 1 - float(np.average((human - machine) ** 2, weights=w)) / spread


def kappa(human: Floats, machine: Floats) -> float | None:
    """Cohen's unweighted kappa of categories, each (n,); None when chance agreement is complete."""
    levels = np.union1d(human, machine)
    expected = sum(float((human == level).mean() * (machine == level).mean()) for level in levels)
    return None if expected == 1 else (float((human == machine).mean()) - expected) / (1 - expected)


def exact_agreement(human: Floats, machine: Floats) -> float:
    """Share of equal scores."""
    return float((human == machine).mean())


def adjacent_agreement(human: Floats, machine: Floats, step: float = 1.0) -> float:
    """Share of scores at most one score point (`step`) apart."""
    return float((np.abs(human - machine) <= step).mean())


def pearson(human: Floats, machine: Floats) -> float | None:
    """Pearson's correlation; None when either is constant."""
    if np.ptp(human) == 0 or np.ptp(machine) == 0:
        return None
    return float(np.corrcoef(human, machine)[0, 1])


def r_squared(human: Floats, machine: Floats) -> float | None:
    """Share of the human variance that the machine scores explain, 1 - SSE/SST; None when the humans are constant."""
    total = float(((human - human.mean()) ** 2).sum())
    return None if total == 0 else 1 - float(((human - machine) ** 2).sum()) / total


def standardised_mean_difference(human: Floats, machine: Floats, pooling: Pooling = "unpooled") -> float | None:
    """(mean machine - mean human) in standard deviations; None when there is no spread or one score only."""
    if len(human) < 2:
        return None
    h, m = float(human.var(ddof=1)), float(machine.var(ddof=1))
    # With as many machine as human scores, pooling by degrees of freedom is the plain mean of the variances.
    divisor = np.sqrt(h if pooling == "unpooled" else (h + m) / 2)
    return None if divisor == 0 else (float(machine.mean()) - float(human.mean())) / float(divisor)


def differences_of_standardised_means(human: Floats, machine: Floats, group: Labels) -> dict[str, float] | None:
    """Mean of (standardised machine - standardised human) in each group; None when either has no spread.

    Both are standardised over everyone, so that groups of different spread are compared on one scale.
    """
    if len(human) < 2 or np.ptp(human) == 0 or np.ptp(machine) == 0:
        return None
    z = (machine - machine.mean()) / machine.std(ddof=1) - (human - human.mean()) / human.std(ddof=1)
    return {str(level): float(z[group == level].mean()) for level in np.unique(group)}


def prmse(first_human: Floats, second_human: Floats, machine: Floats) -> float | None:
    """Share of the true-score variance that the machine scores explain, from essays scored twice, each (n,).

    The human error variance is half the mean squared difference of the two raters. None when no true variance is left.
    """
    human = (first_human + second_human) / 2
    error = float(((first_human - second_human) ** 2).mean()) / 2
    true_variance = float(human.var(ddof=1)) - error / 2
    return None if true_variance <= 0 else 1 - (float(((human - machine) ** 2).mean()) - error / 2) / true_variance
