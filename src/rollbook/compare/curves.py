"""Curves to draw: receiver operating characteristic, and precision against recall."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rollbook.compare.arrays import Floats
from rollbook.model.errors import InvalidTable


class RocCurve(NamedTuple):
    """Corners of a ROC curve from (0, 0) to (1, 1); `threshold` is the lowest score flagged, inf at the start."""

    fpr: Floats
    tpr: Floats
    threshold: Floats


class PrecisionRecallCurve(NamedTuple):
    """Precision and recall when everyone at or above each threshold is flagged, from strict to lenient."""

    precision: Floats
    recall: Floats
    threshold: Floats


def roc_points(truth: Floats, score: Floats, weight: Floats | None = None) -> RocCurve:
    """The ROC curve, one corner per distinct score.

    Args:
        truth: (n,) 0 or 1.
        score: (n,).
        weight: (n,) row weights; 1 each when None.

    Raises:
        InvalidTable: One class is empty: there is no curve.
    """
    positive, negative, threshold = _cumulative(truth, score, weight)
    if positive[-1] == 0 or negative[-1] == 0:
        raise InvalidTable("no ROC curve: all rows are of one class", hint="widen the segment")
    return RocCurve(
        fpr=np.append(0.0, negative / negative[-1]),
        tpr=np.append(0.0, positive / positive[-1]),
        threshold=np.append(np.inf, threshold),
    )


def precision_recall_points(truth: Floats, score: Floats, weight: Floats | None = None) -> PrecisionRecallCurve:
    """The precision-recall curve, one point per distinct score; arguments as for `roc_points`.

    Raises:
        InvalidTable: There is no positive row.
    """
    positive, negative, threshold = _cumulative(truth, score, weight)
    if positive[-1] == 0:
        raise InvalidTable("no precision-recall curve: no row is positive", hint="widen the segment")
    drawn = positive + negative > 0
    precision = positive[drawn] / (positive + negative)[drawn]
    return PrecisionRecallCurve(precision, (positive / positive[-1])[drawn], threshold[drawn])


def _cumulative(truth: Floats, score: Floats, weight: Floats | None) -> tuple[Floats, Floats, Floats]:
    """Weight of positives and of negatives at or above each distinct score, and the scores, descending."""
    weight = np.ones(len(truth)) if weight is None else weight
    order = np.argsort(-score, kind="stable")
    ordered, is_positive = score[order], truth[order] == 1
    last = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True))
    positive = np.cumsum(weight[order] * is_positive)[last]
    negative = np.cumsum(weight[order] * ~is_positive)[last]
    return positive, negative, ordered[last]
