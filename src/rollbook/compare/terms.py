"""Per-row terms whose sums are all that a metric needs. Sums merge over students, parts and resamples; rows do not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from rollbook.compare.arrays import Bools, Floats
from rollbook.compare.calibration import bin_gaps

CLIP = 1e-15
"""Probabilities are kept this far from 0 and 1 in the log loss, whatever type they were stored in."""

EQUAL_MASS_BINS = 10
EQUAL_WIDTH_BINS = 15


class RowView(NamedTuple):
    """The rows of one version in one segment. `score`, `decision` and `value` are empty where the version has none."""

    truth: Floats
    weight: Floats
    score: Floats
    decision: Floats
    value: Floats


RowSet = Callable[[RowView], Bools]

ROW_SETS: Mapping[str, RowSet] = {
    "all": lambda v: np.ones(len(v.truth), dtype=np.bool_),
    "positive": lambda v: v.truth == 1,
    "negative": lambda v: v.truth == 0,
    "flagged": lambda v: v.decision == 1,
    "unflagged": lambda v: v.decision == 0,
    "positive or flagged": lambda v: (v.truth == 1) | (v.decision == 1),
}
"""Which rows a metric divides by. A metric's counts, and its privacy, are those of its denominator."""


def _log_loss(v: RowView) -> Floats:
    p = np.clip(v.score, CLIP, 1 - CLIP)
    return -v.weight * np.where(v.truth == 1, np.log(p), np.log1p(-p))


def _centred(v: RowView) -> tuple[Floats, Floats]:
    """Truth and prediction about the mean truth: products of large raw scores would lose digits."""
    centre = float(v.truth.mean()) if len(v.truth) else 0.0
    return v.truth - centre, v.value - centre


TERMS: Mapping[str, Callable[[RowView], Floats]] = {
    "weight": lambda v: v.weight,
    "positive": lambda v: v.weight * v.truth,
    "tp": lambda v: v.weight * (v.truth * v.decision),
    "fp": lambda v: v.weight * ((1 - v.truth) * v.decision),
    "fn": lambda v: v.weight * (v.truth * (1 - v.decision)),
    "tn": lambda v: v.weight * ((1 - v.truth) * (1 - v.decision)),
    "excess": lambda v: v.weight * (v.score - v.truth),
    "squared_loss": lambda v: v.weight * (v.score - v.truth) ** 2,
    "log_loss": _log_loss,
    "bin_gaps": lambda v: bin_gaps(v.truth, v.score, v.weight, EQUAL_MASS_BINS, "mass"),
    "bin_gaps_width": lambda v: bin_gaps(v.truth, v.score, v.weight, EQUAL_WIDTH_BINS, "width"),
    "error": lambda v: v.weight * (v.value - v.truth),
    "absolute_error": lambda v: v.weight * np.abs(v.value - v.truth),
    "squared_error": lambda v: v.weight * (v.value - v.truth) ** 2,
    "h": lambda v: v.weight * _centred(v)[0],
    "m": lambda v: v.weight * _centred(v)[1],
    "hh": lambda v: v.weight * _centred(v)[0] ** 2,
    "mm": lambda v: v.weight * _centred(v)[1] ** 2,
    "hm": lambda v: v.weight * _centred(v)[0] * _centred(v)[1],
}
"""(n,) or (n, k) each."""
