"""Do predicted risks mean what they say? Bins are right-closed, (low, high], and the first one includes its low end.

The edge convention changes the answer when scores lie on bin edges, so it is fixed here once. Expected calibration
error: Naeini, Cooper and Hauskrecht 2015; it is biased upward in small samples.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

from rollbook.compare.arrays import Floats, Ints, Labels, codes, floats, sum_by
from rollbook.compare.distributions import wilson

Strategy = Literal["width", "mass"]
"""`width`: bins of equal width on [0, 1]. `mass`: bins between quantiles of the scores, ties merging bins."""


class ReliabilityBin(NamedTuple):
    """One bin of a reliability diagram. The interval is Wilson's on the number of distinct students in the bin."""

    low_edge: float
    high_edge: float
    n: int
    n_students: int
    mean_score: float
    observed_rate: float
    low: float
    high: float


class CalibrationError(NamedTuple):
    """Expected (`mean`), root-mean-square (`rms`) and largest (`maximum`) gap between score and rate over bins."""

    mean: float
    rms: float
    maximum: float


def bin_edges(score: Floats, n_bins: int, strategy: Strategy) -> Floats:
    """(bins + 1,) ascending edges."""
    if strategy == "width":
        return np.linspace(0.0, 1.0, n_bins + 1)
    return floats(np.unique(np.quantile(score, np.linspace(0.0, 1.0, n_bins + 1))))


def bin_of(score: Floats, edges: Floats) -> Ints:
    """(n,) index of the bin that holds each score."""
    position = np.searchsorted(edges, score, side="left") - 1
    return np.asarray(np.clip(position, 0, max(len(edges) - 2, 0)), dtype=np.int64)


def bin_gaps(truth: Floats, score: Floats, weight: Floats, n_bins: int, strategy: Strategy) -> Floats:
    """(n, n_bins) weight x (score - truth) in the column of the row's bin, 0 elsewhere: sums to each bin's gap."""
    gaps = np.zeros((len(truth), n_bins))
    if len(truth):
        bins = bin_of(score, bin_edges(score, n_bins, strategy))
        gaps[np.arange(len(truth)), bins] = weight * (score - truth)
    return gaps


def calibration_error(
    truth: Floats, score: Floats, *, n_bins: int = 10, strategy: Strategy = "width", weight: Floats | None = None
) -> CalibrationError:
    """Gaps between mean score and observed rate over bins, averaged by the bins' weight.

    Args:
        truth: (n,) 0 or 1.
        score: (n,) probabilities.
        n_bins: Number of bins asked for; empty ones do not count.
        strategy: How the bins are laid.
        weight: (n,) row weights; 1 each when None.
    """
    weight = np.ones(len(truth)) if weight is None else weight
    edges = bin_edges(score, n_bins, strategy)
    bins = bin_of(score, edges)
    mass = sum_by(bins, n_bins, weight)
    used = mass > 0
    gap = np.abs(sum_by(bins, n_bins, weight * (score - truth))[used]) / mass[used]
    share = mass[used] / mass.sum()
    return CalibrationError(float(share @ gap), float(np.sqrt(share @ gap**2)), float(gap.max()))


def reliability_table(
    truth: Floats,
    score: Floats,
    student: Labels | None = None,
    *,
    n_bins: int = 10,
    strategy: Strategy = "width",
    level: float = 0.95,
) -> tuple[ReliabilityBin, ...]:
    """Mean score against observed rate, one entry per non-empty bin.

    Args:
        truth: (n,) 0 or 1.
        score: (n,) probabilities.
        student: (n,) student of each row; each row its own when None.
        n_bins: Number of bins asked for.
        strategy: How the bins are laid.
        level: Confidence level of the intervals.
    """
    student = np.arange(len(truth)) if student is None else student
    edges = bin_edges(score, n_bins, strategy)
    bins = bin_of(score, edges)
    return tuple(_entry(truth, score, student, bins == k, edges, int(k), level) for k in np.unique(bins))


def _entry(
    truth: Floats, score: Floats, student: Labels, inside: Labels, edges: Floats, k: int, level: float
) -> ReliabilityBin:
    rate = float(truth[inside].mean())
    n_students = len(codes(student[inside])[0])
    low, high = wilson(np.array([rate]), np.array([float(n_students)]), level)
    return ReliabilityBin(
        low_edge=float(edges[k]),
        high_edge=float(edges[min(k + 1, len(edges) - 1)]),
        n=int(inside.sum()),
        n_students=n_students,
        mean_score=float(score[inside].mean()),
        observed_rate=rate,
        low=float(low[0]),
        high=float(high[0]),
    )
