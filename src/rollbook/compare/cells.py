"""One number of one version in one segment, with its counts, its interval and whether it may carry conclusions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from rollbook.compare.arrays import Bools, Floats, count_distinct
from rollbook.compare.bootstrap import Draws, replicate
from rollbook.compare.cohort import Cohort
from rollbook.compare.intervals import Interval, interval
from rollbook.compare.metrics import Metric
from rollbook.compare.plan import ComparisonPlan, StatisticalMinimum
from rollbook.compare.segments import Segment
from rollbook.compare.statistic import Statistic, statistic, view
from rollbook.compare.terms import ROW_SETS, RowView
from rollbook.model.estimate import Estimate, Reason

_EXPOSED_BELOW = 50
_FEW_EVENTS = 3


class Cell(NamedTuple):
    """An estimate and what decides how it may be used.

    Attributes:
        estimate: The number.
        n_pos: Positive rows of the segment; None when truth is a number.
        smallest: Distinct students in the smallest denominator, classes included.
        exposed: Whether the number alone tells what happened to nearly every student, or to one or two.
        note: Why the number is too small for statistics; empty when it is not.
    """

    estimate: Estimate
    n_pos: int | None
    smallest: int
    exposed: bool
    note: str

    @property
    def eligible(self) -> bool:
        """Whether the number takes part in gaps."""
        return self.estimate.status == "ok" and not self.note


class Grid(NamedTuple):
    """All numbers of a comparison: [segment][version][metric], and replicates with a fourth axis."""

    segments: tuple[Segment, ...]
    statistics: tuple[tuple[tuple[Statistic, ...], ...], ...]
    replicates: Floats
    cells: tuple[tuple[tuple[Cell, ...], ...], ...]


def grid(cohort: Cohort, metrics: Sequence[Metric], segments: Sequence[Segment], plan: ComparisonPlan) -> Grid:
    """Compute every number and its interval."""
    views = [[view(cohort, model, segment) for model in cohort.models] for segment in segments]
    statistics = tuple(
        tuple(tuple(statistic(metric, rows, segment) for metric in metrics) for rows in of_segment)
        for segment, of_segment in zip(segments, views, strict=True)
    )
    replicates = replicate(segments, statistics, Draws(cohort.n_students, plan.n_boot, plan.seed))
    cells = tuple(
        tuple(
            tuple(
                _cell(metric, views[s][m], segment, statistics[s][m][k], replicates[s, m, k], plan)
                for k, metric in enumerate(metrics)
            )
            for m in range(len(cohort.models))
        )
        for s, segment in enumerate(segments)
    )
    return Grid(tuple(segments), statistics, replicates, cells)


def _cell(
    metric: Metric, rows: RowView, segment: Segment, one: Statistic, replicates: Floats, plan: ComparisonPlan
) -> Cell:
    counted = ROW_SETS[metric.counted](rows)
    n, n_students = int(counted.sum()), _students(counted, segment)
    binary = metric.task == "binary"
    classes = ("positive", "negative") if binary else ()
    sizes = {name: _students(ROW_SETS[name](rows), segment) for name in {*metric.denominators, *classes}}
    estimate = _estimate(metric, one, replicates, (n, n_students, segment.n_students), plan.level, sizes)
    return Cell(
        estimate=estimate,
        n_pos=int((rows.truth == 1).sum()) if binary else None,
        smallest=min([n_students, *sizes.values()]),
        exposed=metric.proportion and _exposed(one.value, n, n_students),
        note=_too_small(metric, n_students, sizes, plan.min_n_stat),
    )


def _estimate(
    metric: Metric,
    one: Statistic,
    replicates: Floats,
    counts: tuple[int, int, int],
    level: float,
    sizes: dict[str, int],
) -> Estimate:
    n, n_students, n_segment = counts
    if np.isnan(one.value):
        reason: Reason = "one_class" if metric.needs_both_classes and _one_class(sizes) else "zero_denominator"
        return Estimate(value=None, n=n, n_students=n_students, level=level, status="undefined", reason=reason)
    made: Interval = interval(
        metric, one, replicates, n_students=n_segment, n_counted=n_students, one_row_each=n == n_segment, level=level
    )
    return Estimate(
        value=one.value,
        low=made.low,
        high=made.high,
        se=made.se,
        n=n,
        n_students=n_students,
        method=made.method,
        level=level,
        reason=made.reason,
    )


def _students(inside: Bools, segment: Segment) -> int:
    return count_distinct(segment.local[inside])


def _one_class(sizes: dict[str, int]) -> bool:
    return min(sizes["positive"], sizes["negative"]) == 0


def _exposed(value: float, n: int, n_students: int) -> bool:
    if np.isnan(value) or n_students >= _EXPOSED_BELOW:
        return False
    events = round(value * n)
    return min(events, n - events) < _FEW_EVENTS


def _too_small(metric: Metric, n_students: int, sizes: dict[str, int], minimum: StatisticalMinimum) -> str:
    needed: int = getattr(minimum, metric.minimum)
    if n_students < needed:
        return f"below minimum for statistics ({n_students} of {needed} students)"
    if metric.minimum == "ranking" and (fewest := min(sizes["positive"], sizes["negative"])) < minimum.per_class:
        return f"below minimum for statistics ({fewest} of {minimum.per_class} students in the smaller class)"
    return ""
