"""Is one version really better than another? Differences on the same rows, and the set not told from the best.

AUC: the paired clustered error (Obuchowski 1997). All else: the spread of the difference under the shared draws.
Interval and p-value come from the same error, so they always agree.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rollbook.compare.bootstrap import standard_deviation
from rollbook.compare.cells import Grid
from rollbook.compare.distributions import normal_p_value, two_sided_z
from rollbook.compare.metrics import Metric
from rollbook.compare.plan import ComparisonPlan
from rollbook.compare.ranking import auc_difference_variance
from rollbook.compare.report import Pairwise, Role, TiedSet
from rollbook.compare.significance import adjusted, minimum_detectable_difference
from rollbook.compare.statistic import MIN_CLUSTERS
from rollbook.model.estimate import Reason

_OVERALL = 0


class _Difference(NamedTuple):
    value: float | None
    se: float | None
    p: float | None
    method: str
    reason: Reason


def best_of(grid: Grid, k: int, metric: Metric) -> int | None:
    """Position of the version with the best value of metric `k`; the first given wins ties; None without values."""
    values = np.array([one[k].value for one in grid.statistics[_OVERALL]])
    if metric.direction == "none" or np.isnan(values).all():
        return None
    return int(np.nanargmax(values) if metric.direction == "higher" else np.nanargmin(values))


def against(
    grid: Grid, labels: tuple[str, ...], k: int, metric: Metric, target: int, role: Role, plan: ComparisonPlan
) -> tuple[Pairwise, ...]:
    """Every other version minus version `target` by metric `k`: one family of tests."""
    others = [m for m in range(len(labels)) if m != target]
    differences = {m: _difference(grid, k, m, target) for m in others}
    tested = [m for m in others if differences[m].p is not None]
    corrected = adjusted([p for m in tested if (p := differences[m].p) is not None], plan.correction)
    p_adjusted = dict(zip(tested, corrected, strict=True))
    return tuple(
        _pairwise(grid, k, labels[m], labels[target], role, metric, differences[m], p_adjusted.get(m), plan)
        for m in others
    )


def tied_set(
    grid: Grid, labels: tuple[str, ...], k: int, metric: Metric, best: int | None, pairs: tuple[Pairwise, ...]
) -> TiedSet:
    """The best version and those that `pairs`, its family, does not tell from it."""
    values = {label: one[k].value for label, one in zip(labels, grid.statistics[_OVERALL], strict=True)}
    undefined = tuple(label for label in labels if np.isnan(values[label]))
    family = f"{metric.id}: {len(labels) - 1 - len(undefined)} versions, each against the best"
    if best is None:
        return TiedSet(metric=metric.id, best=None, members=(), undefined=undefined, family=family)
    apart = {pair.model for pair in pairs if pair.distinguishable is True}
    tied = [label for label in labels if label not in apart and label not in undefined and label != labels[best]]
    tied.sort(key=lambda label: values[label], reverse=metric.direction == "higher")
    members = (labels[best], *tied)
    return TiedSet(metric=metric.id, best=labels[best], members=members, undefined=undefined, family=family)


def _difference(grid: Grid, k: int, a: int, b: int) -> _Difference:
    one, other = grid.statistics[_OVERALL][a][k], grid.statistics[_OVERALL][b][k]
    if np.isnan(one.value) or np.isnan(other.value):
        missing = grid.cells[_OVERALL][a if np.isnan(one.value) else b][k]
        return _Difference(None, None, None, "", missing.estimate.reason)
    value = one.value - other.value
    se, method = _error(grid, k, a, b)
    if np.isnan(se):
        return _Difference(value, None, None, method, "too_few_clusters")
    if se == 0:
        return _Difference(value, 0.0, 1.0 if value == 0 else None, method, "degenerate")
    return _Difference(value, se, normal_p_value(value / se), method, "")


def _error(grid: Grid, k: int, a: int, b: int) -> tuple[float, str]:
    """Standard error of the difference, NaN when there is none, and how it was made."""
    segment = grid.segments[_OVERALL]
    one, other = grid.statistics[_OVERALL][a][k].auc, grid.statistics[_OVERALL][b][k].auc
    if one is not None and other is not None and segment.n_students >= MIN_CLUSTERS:
        single = len(segment.rows) == segment.n_students
        return float(np.sqrt(auc_difference_variance(one, other))), "delong-paired" if single else "obuchowski-paired"
    replicates = grid.replicates[_OVERALL, a, k] - grid.replicates[_OVERALL, b, k]
    if np.isnan(replicates).mean() > 0.5 or segment.n_students < 2:
        return float("nan"), "cluster-bootstrap-paired"
    return standard_deviation(replicates), "cluster-bootstrap-paired"


def _pairwise(
    grid: Grid,
    k: int,
    label: str,
    versus: str,
    role: Role,
    metric: Metric,
    difference: _Difference,
    p_adjusted: float | None,
    plan: ComparisonPlan,
) -> Pairwise:
    counted = grid.cells[_OVERALL][0][k].estimate
    low, high = _bounds(difference, plan.level)
    mdd = minimum_detectable_difference(difference.se, plan.level) if difference.se else None
    distinguishable = None if p_adjusted is None else p_adjusted < 1 - plan.level
    return Pairwise(
        model=label,
        versus=versus,
        role=role,
        metric=metric.id,
        difference=difference.value,
        low=low,
        high=high,
        se=difference.se,
        p=difference.p,
        p_adjusted=p_adjusted,
        distinguishable=distinguishable,
        mdd=mdd,
        n=len(grid.segments[_OVERALL].rows) if counted.n is not None else None,
        n_students=grid.segments[_OVERALL].n_students if counted.n is not None else None,
        method=difference.method,
        reason=difference.reason,
        note=_note(distinguishable, mdd),
    )


def _bounds(difference: _Difference, level: float) -> tuple[float | None, float | None]:
    if difference.value is None or difference.se is None or difference.p is None:
        return None, None
    half = two_sided_z(level) * difference.se
    return difference.value - half, difference.value + half


def _note(distinguishable: bool | None, mdd: float | None) -> str:  # noqa: FBT001
    if distinguishable is not False:
        return ""
    if mdd is None:
        return "the two cannot be told apart: they agree on every resample"
    return f"no difference found; one smaller than {mdd:.2g} would usually be missed"
