"""One metric of one version in one segment, as a function of how often each student is drawn.

That one function gives the value (everyone once), the bootstrap (multinomial draws) and the jackknife (each left out).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from rollbook.compare.arrays import Floats, Ints, sum_by
from rollbook.compare.cohort import Cohort, Predictions
from rollbook.compare.distributions import expit, logit
from rollbook.compare.metrics import Formula, Metric
from rollbook.compare.ranking import ClusteredAuc, clustered_auc, resampled_auc, resampled_average_precision
from rollbook.compare.segments import Segment
from rollbook.compare.terms import TERMS, RowView

MIN_CLUSTERS = 30
"""Below this many students the analytic error of an AUC is not trusted, and the AUC itself is resampled."""

BLOCK = 2**21
"""Draws x rows held at once by a statistic that is not one of sums."""

_NONE = np.empty(0)


class Statistic(NamedTuple):
    """A number and how it moves with the sample.

    Attributes:
        value: NaN when undefined.
        columns: (students, k) contributions whose drawn sums it is a function of; None when it is not one of sums.
        finish: Drawn sums, (draws, k), to values, (draws,); without columns, draws, (draws, students), to values.
        auc: For an AUC: its clustered parts, for the analytic error; else None.
    """

    value: float
    columns: Floats | None
    finish: Callable[[Floats], Floats]
    auc: ClusteredAuc | None = None

    def drawn(self, draws: Floats) -> Floats:
        """(draws,) values, from how often each student of the segment is drawn, (draws, students)."""
        return self.finish(draws if self.columns is None else draws @ self.columns)


def view(cohort: Cohort, model: Predictions, segment: Segment) -> RowView:
    """The segment's rows of one version."""
    rows = segment.rows
    return RowView(
        truth=cohort.truth[rows],
        weight=cohort.weight[rows],
        score=_NONE if model.score is None else model.score[rows],
        decision=_NONE if model.decision is None else model.decision[rows],
        value=_NONE if model.value is None else model.value[rows],
    )


def statistic(metric: Metric, rows: RowView, segment: Segment) -> Statistic:
    """The metric on these rows. `rows` must hold what the metric needs."""
    if metric.id == "auc":
        return _auc(rows, segment)
    if metric.formula is None:
        return _average_precision(rows, segment.local, over_prevalence=metric.id == "lift")
    return _of_sums(metric.terms, metric.formula, rows, segment)


def _of_sums(terms: tuple[str, ...], formula: Formula, rows: RowView, segment: Segment) -> Statistic:
    blocks = [sum_by(segment.local, segment.n_students, TERMS[term](rows)) for term in terms]
    columns = np.column_stack(blocks)
    widths = [None if block.ndim == 1 else block.shape[1] for block in blocks]

    def finish(sums: Floats) -> Floats:
        return formula(_named(terms, widths, sums))

    return Statistic(float(finish(columns.sum(axis=0)[None, :])[0]), columns, finish)


def _named(terms: tuple[str, ...], widths: list[int | None], sums: Floats) -> dict[str, Floats]:
    named: dict[str, Floats] = {}
    start = 0
    for term, width in zip(terms, widths, strict=True):
        named[term] = sums[:, start] if width is None else sums[:, start : start + width]
        start += width or 1
    return named


def _auc(rows: RowView, segment: Segment) -> Statistic:
    parts = clustered_auc(rows.truth, rows.score, rows.weight, segment.local, segment.n_students)
    if not 0 < parts.value < 1 or segment.n_students < MIN_CLUSTERS:
        return Statistic(parts.value, None, _resampled(rows, segment.local), parts)
    # First order on the logit scale: replicates vary together across versions and groups as the AUCs do, at the price
    # of one column instead of a sort per replicate.
    slope = parts.influence / (parts.value * (1 - parts.value))
    return Statistic(parts.value, slope[:, None], _around(logit(parts.value)), parts)


def _around(centre: float) -> Callable[[Floats], Floats]:
    def finish(sums: Floats) -> Floats:
        return expit(centre + sums[:, 0])

    return finish


def _resampled(rows: RowView, local: Ints) -> Callable[[Floats], Floats]:
    def finish(draws: Floats) -> Floats:
        return resampled_auc(rows.truth, rows.score, draws[:, local] * rows.weight)

    return _in_blocks(finish, len(local))


def _in_blocks(finish: Callable[[Floats], Floats], n_rows: int) -> Callable[[Floats], Floats]:
    """The same function a few draws at a time: what needs every row of every draw must not hold them all."""
    size = max(1, BLOCK // max(n_rows, 1))

    def in_blocks(draws: Floats) -> Floats:
        return np.concatenate([finish(draws[start : start + size]) for start in range(0, len(draws), size)])

    return in_blocks


def _average_precision(rows: RowView, local: Ints, *, over_prevalence: bool) -> Statistic:
    def finish(draws: Floats) -> Floats:
        weights = draws[:, local] * rows.weight
        value = resampled_average_precision(rows.truth, rows.score, weights)
        if not over_prevalence:
            return value
        with np.errstate(invalid="ignore", divide="ignore"):
            return value * weights.sum(axis=1) / (weights @ rows.truth)

    return Statistic(float(finish(np.ones((1, int(local.max()) + 1)))[0]), None, _in_blocks(finish, len(local)))
