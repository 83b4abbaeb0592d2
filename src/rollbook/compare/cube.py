"""A cube: what a version's rows add up to in every cell, so that a filter over declared attributes is answered at once.

Sums and confusion counts of cells are added exactly. The AUC of a set of cells comes from histograms of the scores:
pairs of rows in different bins are ordered, pairs in one bin are not, and count half. So the error is at most half the
share of pairs that lie in one bin; it is computed with every answer (`bound`). A cube forgets who is who: it gives no
interval, and `CubeAnswer.interval` says so. The AUC of the declared groups themselves is exact, with its error where
every student has one row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from rollbook.compare import scan
from rollbook.compare.arrays import Bools, Floats, Ints
from rollbook.compare.distributions import expit, two_sided_z
from rollbook.compare.lattice import Lattice
from rollbook.compare.metrics import METRICS, Metric
from rollbook.compare.terms import CLIP, EQUAL_WIDTH_BINS
from rollbook.model.errors import InvalidInput, InvalidTable

BINS = 256
METRICS_OF_CUBES = ("auc", "f1", "precision", "recall", "fpr", "fnr", "accuracy", "brier", "log_loss", "ece_width")


class Cube(NamedTuple):
    """Sums of one version's rows. Cubes of parts of the rows with the same edges are merged by adding.

    Attributes:
        counts: (2 cells, bins) rows by cell, truth (odd rows are truth 1) and bin of the score.
        flagged: (2 cells,) rows whose score is at least the threshold; all 0 without one.
        sums: (2 cells, k) `scan.sums`; no columns where scores are no probabilities.
        pairs: (groups,) `scan.Ranks.pairs` of the declared groups.
        squares: (2, groups) `scan.Ranks.squares` of the declared groups.
        threshold: A score of at least this is a positive decision, or NaN.
    """

    counts: npt.NDArray[np.uint32]
    flagged: Ints
    sums: Floats
    pairs: Ints
    squares: Floats
    threshold: float


class CubeAnswer(NamedTuple):
    """One metric of one version on a set of rows.

    Attributes:
        value: NaN when undefined.
        bound: The value is at most this far from the exact one; 0 when it is exact.
        low: Lower end of the 95 % interval, or NaN.
        high: Upper end, or NaN.
        interval: `pending` where the exact one has to be computed from rows.
    """

    value: float
    bound: float
    low: float
    high: float
    interval: Literal["delong-logit", "pending"]


class Counted(NamedTuple):
    """Who stands behind an answer. Students are a lower bound where a student may be in several cells (`exact`)."""

    n: int
    n_pos: int
    n_students: int
    smallest: int
    exact: bool


def build(lattice: Lattice, score: Floats, threshold: float | None = None, bins: int = BINS) -> Cube:
    """Sum a version's rows.

    Args:
        lattice: Cells of the rows.
        score: (n,) finite scores in the order of the lattice's rows.
        threshold: A score of at least this is a positive decision; None for a version that decides nothing.
        bins: Bins of the histogram; more make the bound smaller.

    Raises:
        InvalidTable: There are not n finite scores.
    """
    if len(score) != lattice.n or not np.isfinite(score).all():
        raise InvalidTable(f"{len(score)} scores for {lattice.n} rows, or not all finite", hint="one score per row")
    ranks = scan.ranks(lattice, score, bins)
    chances = bool(score.min(initial=0.0) >= 0 and score.max(initial=1.0) <= 1)
    nothing = np.zeros(2 * len(lattice.cells), dtype=np.int64)
    return Cube(
        counts=ranks.counts.astype(np.uint32),
        flagged=nothing if threshold is None else scan.flagged(lattice, score, threshold),
        sums=scan.sums(lattice, score, CLIP) if chances else np.zeros((len(nothing), 0)),
        pairs=ranks.pairs,
        squares=ranks.squares,
        threshold=float("nan") if threshold is None else threshold,
    )


def counted(lattice: Lattice, chosen: Bools) -> Counted:
    """Who is in a set of cells; `smallest` is the fewest students that a metric's denominator may hold."""
    students = lattice.n_students[chosen]
    total = students.sum(axis=0) if lattice.whole else students.max(axis=0, initial=0)
    rows = lattice.n_rows[chosen].sum(axis=0)
    return Counted(
        n=int(rows.sum()),
        n_pos=int(rows[1]),
        n_students=int(total[2]),
        smallest=int(min(total[0], total[1])),
        exact=lattice.whole,
    )


def answers(cube: Cube, chosen: Bools, metrics: Sequence[str]) -> dict[str, CubeAnswer]:
    """Metrics of the rows in a set of cells.

    Raises:
        InvalidInput: A metric cannot be had from a cube.
    """
    pair = np.repeat(chosen, 2)
    sums = _named(cube, pair)
    found: dict[str, CubeAnswer] = {}
    for name in metrics:
        metric = _metric(name)
        if name == "auc":
            found[name] = _of_histogram(cube.counts[pair])
        else:
            found[name] = CubeAnswer(_value(metric, sums), 0.0, np.nan, np.nan, "pending")
    return found


def of_groups(lattice: Lattice, cube: Cube, level: float = 0.95) -> list[CubeAnswer]:
    """The exact AUC of every declared group, with its interval where every student has one row.

    Sources: DeLong, DeLong and Clarke-Pearson 1988, on the logit scale.
    """
    rows = group_rows(lattice)
    negative, positive = rows[:, 0].astype(np.float64), rows[:, 1].astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        auc = cube.pairs / (2 * positive * negative)
        # Placements: a positive row's is the share of negative rows below it, and the other way round.
        of_positive = cube.squares[1] / (2 * negative) ** 2 - positive * auc**2
        of_negative = cube.squares[0] / (2 * positive) ** 2 - negative * (1 - auc) ** 2
        variance = of_positive / (positive * (positive - 1)) + of_negative / (negative * (negative - 1))
        half = two_sided_z(level) * np.sqrt(np.maximum(variance, 0)) / (auc * (1 - auc))
        low, high = expit(_logits(auc) - half), expit(_logits(auc) + half)
    usable = lattice.one_row_each & (rows.min(axis=1) >= 2) & (auc > 0) & (auc < 1)
    return [
        CubeAnswer(float(auc[g]), 0.0, float(low[g]), float(high[g]), "delong-logit")
        if usable[g]
        else CubeAnswer(float(auc[g]), 0.0, np.nan, np.nan, "pending")
        for g in range(len(auc))
    ]


def _logits(values: Floats) -> Floats:
    return np.log(values) - np.log1p(-values)


def group_rows(lattice: Lattice) -> Ints:
    """(groups, 2) rows by truth of every declared group."""
    totals = np.zeros((len(lattice.groups), 2), dtype=np.int64)
    for grouping in range(lattice.member.shape[1]):
        np.add.at(totals, lattice.member[:, grouping], lattice.n_rows)
    return totals


def _metric(name: str) -> Metric:
    if name not in METRICS_OF_CUBES:
        raise InvalidInput(f"metric {name!r} cannot be had from a cube", hint=f"one of {', '.join(METRICS_OF_CUBES)}")
    return METRICS[name]


def _named(cube: Cube, pair: Bools) -> Mapping[str, Floats]:
    """Sums of the chosen cells under the names that metric formulas use, each (1,) or (1, k)."""
    by_truth = cube.counts[pair].reshape(-1, 2, cube.counts.shape[1]).sum(axis=(0, 2), dtype=np.float64)
    flagged = cube.flagged[pair].reshape(-1, 2).sum(axis=0).astype(np.float64)
    decided = np.nan if np.isnan(cube.threshold) else 1.0
    sums = {
        "weight": by_truth.sum(),
        "positive": by_truth[1],
        "tp": flagged[1] * decided,
        "fp": flagged[0] * decided,
        "fn": (by_truth[1] - flagged[1]) * decided,
        "tn": (by_truth[0] - flagged[0]) * decided,
    }
    named = {name: np.array([value]) for name, value in sums.items()}
    totals = cube.sums[pair].sum(axis=0)
    for position, term in enumerate(scan.SUMS):
        named[term] = totals[position : position + 1] if len(totals) else np.array([np.nan])
    gaps = totals[len(scan.SUMS) :]
    named["bin_gaps_width"] = gaps[None, :] if len(gaps) else np.full((1, EQUAL_WIDTH_BINS), np.nan)
    return named


def _value(metric: Metric, sums: Mapping[str, Floats]) -> float:
    assert metric.formula is not None
    return float(metric.formula(sums)[0])


def _of_histogram(counts: npt.NDArray[np.uint32]) -> CubeAnswer:
    negative, positive = counts.reshape(-1, 2, counts.shape[1]).sum(axis=0, dtype=np.float64)
    pairs = negative.sum() * positive.sum()
    if pairs == 0:
        return CubeAnswer(np.nan, 0.0, np.nan, np.nan, "pending")
    below = np.cumsum(negative) - negative
    within = float(positive @ negative)
    value = (float(positive @ below) + within / 2) / pairs
    return CubeAnswer(value, within / (2 * pairs), np.nan, np.nan, "pending")
