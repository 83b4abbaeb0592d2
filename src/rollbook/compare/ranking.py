"""How well scores order students: AUC with its clustered standard error, and average precision.

Sources: Hanley and McNeil 1982 (AUC as a probability); DeLong, DeLong and Clarke-Pearson 1988 (placement values and
their variance); Obuchowski 1997, Biometrics 53:567 (rows of one student depend on each other); Davis and Goadrich 2006
(average precision is a step function: the trapezoid under the curve is too high).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rollbook.compare.arrays import Bools, Floats, Ints, count_distinct, floats, sum_by

NAN = float("nan")


class ClusteredAuc(NamedTuple):
    """An AUC with what each student contributes to its sampling error.

    Attributes:
        value: The AUC; NaN when one class is empty.
        positive: (students,) sum over a student's positive rows of weight x (placement - AUC).
        negative: (students,) the same over the negative rows.
        positive_weight: Total weight of the positive rows.
        negative_weight: Total weight of the negative rows.
        positive_students: Students with a positive row.
        negative_students: Students with a negative row.
    """

    value: float
    positive: Floats
    negative: Floats
    positive_weight: float
    negative_weight: float
    positive_students: int
    negative_students: int

    @property
    def influence(self) -> Floats:
        """(students,) first-order change of the AUC when a student is drawn once more; sums to 0."""
        return self.positive / self.positive_weight + self.negative / self.negative_weight


def auc(truth: Floats, score: Floats, weight: Floats | None = None) -> float:
    """Probability that a positive row scores above a negative one, ties counting half; NaN when a class is empty.

    Args:
        truth: (n,) 0 or 1.
        score: (n,) any real numbers.
        weight: (n,) row weights; 1 each when None.
    """
    weight = np.ones(len(truth)) if weight is None else weight
    value, _ = _placements(truth, score, weight)
    return value


def clustered_auc(truth: Floats, score: Floats, weight: Floats, student: Ints, n_students: int) -> ClusteredAuc:
    """AUC and per-student contributions; `student` holds codes below `n_students`."""
    value, placement = _placements(truth, score, weight)
    deviation = weight * (placement - value)
    is_positive = truth == 1
    counted = weight > 0
    return ClusteredAuc(
        value=value,
        positive=sum_by(student, n_students, np.where(is_positive, deviation, 0.0)),
        negative=sum_by(student, n_students, np.where(is_positive, 0.0, deviation)),
        positive_weight=float(weight[is_positive].sum()),
        negative_weight=float(weight[~is_positive].sum()),
        positive_students=count_distinct(student[is_positive & counted]),
        negative_students=count_distinct(student[~is_positive & counted]),
    )


def auc_covariance(a: ClusteredAuc, b: ClusteredAuc) -> float:
    """Sampling covariance of two AUCs on the same rows; of one with itself, its variance.

    NaN when fewer than two students have a positive row, or fewer than two a negative one. With one row per student
    this is DeLong's covariance. Weighted rows enter by their weight (linearised: the weights are taken as given).
    """
    i, j, k = a.positive_students, a.negative_students, len(a.positive)
    if i < 2 or j < 2:
        return NAN
    positive = i / (i - 1) * float(a.positive @ b.positive) / a.positive_weight**2
    negative = j / (j - 1) * float(a.negative @ b.negative) / a.negative_weight**2
    cross = k / (k - 1) * float(a.positive @ b.negative + a.negative @ b.positive)
    return positive + negative + cross / (a.positive_weight * a.negative_weight)


def auc_standard_error(a: ClusteredAuc) -> float:
    """Standard error of an AUC; NaN when undefined."""
    return float(np.sqrt(max(auc_covariance(a, a), 0.0))) if not np.isnan(auc_covariance(a, a)) else NAN


def auc_difference_variance(a: ClusteredAuc, b: ClusteredAuc) -> float:
    """Sampling variance of the difference of two AUCs on the same rows; exactly 0 for equal contributions."""
    variance = auc_covariance(a, a) + auc_covariance(b, b) - 2 * auc_covariance(a, b)
    noise = 1e-12 * (auc_covariance(a, a) + auc_covariance(b, b))
    return variance if np.isnan(variance) or variance > noise else 0.0


def resampled_auc(truth: Floats, score: Floats, weights: Floats) -> Floats:
    """AUC under each of several weightings of the rows.

    Args:
        truth: (n,) 0 or 1.
        score: (n,).
        weights: (draws, n).

    Returns:
        (draws,), NaN where a class has no weight.
    """
    order, starts = _tie_blocks(score)
    positive = truth[order] == 1
    drawn = weights[:, order]
    w1 = np.add.reduceat(drawn * positive, starts, axis=1)
    w0 = np.add.reduceat(drawn * ~positive, starts, axis=1)
    below = np.cumsum(w0, axis=1) - w0
    with np.errstate(invalid="ignore", divide="ignore"):
        return floats((w1 * (below + 0.5 * w0)).sum(axis=1) / (w1.sum(axis=1) * w0.sum(axis=1)))


def average_precision(truth: Floats, score: Floats, weight: Floats | None = None) -> float:
    """Mean precision over the positive rows, as a step function of recall; NaN without positive rows."""
    weight = np.ones(len(truth)) if weight is None else weight
    return float(resampled_average_precision(truth, score, weight[None, :])[0])


def resampled_average_precision(truth: Floats, score: Floats, weights: Floats) -> Floats:
    """Average precision under each of several weightings of the rows; shapes as in `resampled_auc`."""
    order, starts = _tie_blocks(-score)
    drawn = weights[:, order]
    flagged = np.cumsum(np.add.reduceat(drawn, starts, axis=1), axis=1)
    gained = np.add.reduceat(drawn * (truth[order] == 1), starts, axis=1)
    found = np.cumsum(gained, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        precision = np.where(flagged > 0, found / flagged, 0.0)
        return floats((gained * precision).sum(axis=1) / found[:, -1])


def _placements(truth: Floats, score: Floats, weight: Floats) -> tuple[float, Floats]:
    """The AUC, and for each row the share of the other class (by weight) on its right side, ties counting half."""
    positive = truth == 1
    total1, total0 = float(weight[positive].sum()), float(weight[~positive].sum())
    if total1 == 0 or total0 == 0:
        return NAN, np.full(len(truth), NAN)
    order, starts = _tie_blocks(score)
    below0, below1 = _weight_below(weight * ~positive, order, starts), _weight_below(weight * positive, order, starts)
    sorted_positive: Bools = positive[order]
    placement = np.empty(len(truth))
    placement[order] = np.where(sorted_positive, below0 / total0, 1 - below1 / total1)
    return float((weight[positive] * placement[positive]).sum() / total1), placement


def _weight_below(weight: Floats, order: Ints, starts: Ints) -> Floats:
    """For each row in score order, the weight strictly below it plus half the weight tied with it."""
    block = np.add.reduceat(weight[order], starts)
    return np.repeat(np.cumsum(block) - block / 2, np.diff(np.append(starts, len(order))))


def _tie_blocks(score: Floats) -> tuple[Ints, Ints]:
    """Ascending order of the scores, and where in it each run of equal scores begins."""
    order = np.argsort(score, kind="stable")
    ordered = score[order]
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    return np.asarray(order, dtype=np.int64), np.asarray(starts, dtype=np.int64)
