"""The few probability distributions the room needs. The only module that calls scipy's untyped special functions."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
from scipy import special

from rollbook.compare.arrays import Floats, floats

_NORMAL = NormalDist()


def normal_quantile(probability: float) -> float:
    """The value below which a standard normal variable lies with this probability."""
    return _NORMAL.inv_cdf(probability)


def two_sided_z(level: float) -> float:
    """Half-width of a central interval in standard errors: 1.96 for 0.95."""
    return normal_quantile(0.5 + level / 2)


def normal_p_value(z: float) -> float:
    """Two-sided p-value of a standard normal statistic, accurate far out in the tail."""
    return math.erfc(abs(z) / math.sqrt(2))


def chi2_1_p_value(statistic: float) -> float:
    """Upper tail of the chi-squared distribution with one degree of freedom."""
    return math.erfc(math.sqrt(statistic / 2))


def binomial_half_p_value(successes: int, trials: int) -> float:
    """Exact two-sided p-value of `successes` out of `trials` fair coin tosses."""
    tail = min(successes, trials - successes)
    below = sum(math.comb(trials, k) for k in range(tail + 1))
    return min(1.0, 2 * below / 2**trials)


def normal_cdf(z: Floats) -> Floats:
    """Standard normal distribution function, element by element."""
    return floats(special.ndtr(z))


def normal_quantiles(probability: Floats) -> Floats:
    """Standard normal quantiles, element by element; 0 and 1 give -inf and inf."""
    return floats(special.ndtri(probability))


def logit(probability: float) -> float:
    """Log odds of a probability strictly between 0 and 1."""
    return math.log(probability / (1 - probability))


def expit(x: Floats) -> Floats:
    """Inverse of `logit`, element by element, without overflow."""
    return floats(special.expit(x))


def clopper_pearson(events: int, trials: int, level: float) -> tuple[float, float]:
    """Exact (Clopper and Pearson 1934) interval of a proportion: `events` out of `trials` independent trials."""
    tail = (1 - level) / 2
    low = 0.0 if events == 0 else float(special.betaincinv(events, trials - events + 1, tail))
    high = 1.0 if events == trials else float(special.betaincinv(events + 1, trials - events, 1 - tail))
    return low, high


def wilson(proportion: Floats, n: Floats, level: float) -> tuple[Floats, Floats]:
    """Wilson (1927) score interval of each proportion observed on `n` independent trials."""
    z = two_sided_z(level)
    with np.errstate(invalid="ignore", divide="ignore"):
        centre = (proportion + z * z / (2 * n)) / (1 + z * z / n)
        half = z / (1 + z * z / n) * np.sqrt(proportion * (1 - proportion) / n + z * z / (4 * n * n))
    return floats(centre - half), floats(centre + half)
