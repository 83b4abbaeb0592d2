"""From a statistic and its replicates to an estimate: which interval, and when there is none.

AUC: Wald on the logit scale with the clustered analytic error, so that it stays within [0, 1]. All else: percentiles of
the student bootstrap; below 200 students bias-corrected and accelerated (Efron 1987).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rollbook.compare.arrays import Floats
from rollbook.compare.bootstrap import percentile_interval, standard_deviation
from rollbook.compare.distributions import clopper_pearson, expit, logit, normal_cdf, normal_quantiles, two_sided_z
from rollbook.compare.metrics import Metric
from rollbook.compare.ranking import ClusteredAuc, auc_standard_error
from rollbook.compare.statistic import MIN_CLUSTERS, Statistic
from rollbook.model.estimate import Reason

BCA_BELOW = 200
"""Students below which percentiles are corrected for bias and skewness."""


class Interval(NamedTuple):
    """An interval, or the reason why there is none."""

    low: float | None
    high: float | None
    se: float | None
    method: str
    reason: Reason = ""


def interval(
    metric: Metric,
    one: Statistic,
    replicates: Floats,
    *,
    n_students: int,
    n_counted: int,
    one_row_each: bool,
    level: float,
) -> Interval:
    """The interval of a defined statistic.

    Args:
        metric: Its definition.
        one: The statistic.
        replicates: (n_boot,).
        n_students: Students of the segment.
        n_counted: Students in the metric's denominator.
        one_row_each: Whether every student has exactly one row (it only names the method: DeLong).
        level: Confidence level.
    """
    if n_students < 2:
        return Interval(None, None, None, "", "too_few_clusters")
    if one.auc is not None and (one.value in (0.0, 1.0) or n_students >= MIN_CLUSTERS):
        return auc_interval(one.auc, one_row_each=one_row_each, level=level)
    deviation = standard_deviation(replicates)
    if deviation == 0:
        return _degenerate(metric, one.value, n_counted, level)
    defined = replicates[~np.isnan(replicates)]
    if len(defined) < len(replicates) / 2:
        return Interval(None, None, None, "", "too_few_clusters")
    if n_students >= BCA_BELOW:
        return Interval(*percentile_interval(defined, level), deviation, "cluster-bootstrap-percentile")
    return Interval(*_bca(one, defined, n_students, level), deviation, "cluster-bootstrap-bca")


def auc_interval(parts: ClusteredAuc, *, one_row_each: bool, level: float) -> Interval:
    """Wald interval on the logit scale with the clustered error; `one_row_each` only names the method (DeLong)."""
    if min(parts.positive_students, parts.negative_students) < 2:
        return Interval(None, None, None, "", "too_few_clusters")
    if parts.value in (0.0, 1.0):
        return _perfect(parts, level)
    se = auc_standard_error(parts)
    centre, half = logit(parts.value), two_sided_z(level) * se / (parts.value * (1 - parts.value))
    low, high = expit(np.array([centre - half, centre + half]))
    return Interval(float(low), float(high), se, "delong-logit" if one_row_each else "obuchowski-logit")


def _perfect(parts: ClusteredAuc, level: float) -> Interval:
    """An AUC of exactly 0 or 1 has no estimated error: bound it like a rate never contradicted (rule of three)."""
    n = min(parts.positive_students, parts.negative_students)
    low, high = clopper_pearson(round(parts.value) * n, n, level)
    return Interval(low, high, None, "rule-of-three", "degenerate")


def _degenerate(metric: Metric, value: float, n_counted: int, level: float) -> Interval:
    """All replicates agree. A rate of 0 or 1 gets the exact interval, each student counting once; all else none."""
    if metric.proportion and value in (0.0, 1.0):
        low, high = clopper_pearson(round(value) * n_counted, n_counted, level)
        return Interval(low, high, None, "clopper-pearson-students", "degenerate")
    return Interval(None, None, None, "", "degenerate")


def _bca(one: Statistic, replicates: Floats, n_students: int, level: float) -> tuple[float, float]:
    below = (np.count_nonzero(replicates < one.value) + np.count_nonzero(replicates == one.value) / 2) / len(replicates)
    limit = 1 / (2 * len(replicates))
    bias = normal_quantiles(np.array([min(max(below, limit), 1 - limit)]))
    z = normal_quantiles(np.array([(1 - level) / 2, (1 + level) / 2]))
    shifted = bias + z
    adjusted = normal_cdf(bias + shifted / (1 - _acceleration(one, n_students) * shifted))
    low, high = np.quantile(replicates, np.clip(adjusted, 0, 1))
    return float(low), float(high)


def _acceleration(one: Statistic, n_students: int) -> float:
    """A sixth of the skewness of the leave-one-student-out values."""
    left_out = one.drawn(1 - np.eye(n_students))
    deviation = np.nanmean(left_out) - left_out[~np.isnan(left_out)]
    spread = float((deviation**2).sum()) ** 1.5
    return float((deviation**3).sum()) / (6 * spread) if spread > 0 else 0.0
