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
from rollbook.compare.metrics import METRICS, Formula
from rollbook.compare.terms import CLIP, EQUAL_WIDTH_BINS
from rollbook.model.errors import InvalidInput, InvalidTable

BINS = 256
LEVEL = 0.95
METRICS_OF_CUBES = ("auc", "f1", "precision", "recall", "fpr", "fnr", "accuracy", "brier", "log_loss", "ece_width")


class Cube(NamedTuple):
    """Sums of one version's rows. Cubes of parts of the rows with the same edges are merged by adding.

    Attributes:
        counts: (2 cells, bins) rows by cell, truth (odd rows are truth 1) and bin of the score.
        flagged: (2 cells,) rows whose score is at least the threshold; all 0 without one.
        sums: (2 cells, k) `scan.sums`; no columns where scores are no probabilities.
        threshold: A score of at least this is a positive decision, or NaN.
        exact: (metrics, groups, 3) value, low and high of `METRICS_OF_CUBES` in every declared group; NaN where there
            is none. Not additive: a merged cube has to be made from rows to have it.
    """

    counts: npt.NDArray[np.uint32]
    flagged: Ints
    sums: Floats
    threshold: float
    exact: Floats


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
    cube = Cube(
        counts=ranks.counts,
        flagged=nothing if threshold is None else scan.flagged(lattice, score, threshold),
        sums=scan.sums(lattice, score, CLIP) if chances else np.zeros((len(nothing), 0)),
        threshold=float("nan") if threshold is None else threshold,
        exact=np.empty(0),
    )
    return cube._replace(exact=_of_groups(lattice, cube, ranks))


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


def answers(lattice: Lattice, cube: Cube, chosen: Bools, metrics: Sequence[str]) -> dict[str, CubeAnswer]:
    """Metrics of the rows in a set of cells.

    Raises:
        InvalidInput: A metric cannot be had from a cube.
    """
    sums = _sums(lattice, cube, chosen[None, :].astype(np.float64))
    found: dict[str, CubeAnswer] = {}
    for name in metrics:
        formula = _formula(name)
        if formula is None:
            found[name] = _of_histogram(scan.histogram(cube.counts, chosen))
        else:
            found[name] = CubeAnswer(float(formula(sums)[0]), 0.0, np.nan, np.nan, "pending")
    return found


def of_group(cube: Cube, group: int, metrics: Sequence[str]) -> dict[str, CubeAnswer]:
    """Metrics of one declared group, exact; the AUC with its interval where every student has one row.

    Raises:
        InvalidInput: A metric cannot be had from a cube.
    """
    found: dict[str, CubeAnswer] = {}
    for name in metrics:
        _formula(name)
        value, low, high = (float(number) for number in cube.exact[METRICS_OF_CUBES.index(name), group])
        found[name] = CubeAnswer(value, 0.0, low, high, "pending" if np.isnan(low) else "delong-logit")
    return found


def _of_groups(lattice: Lattice, cube: Cube, ranks: scan.Ranks) -> Floats:
    sums = _sums(lattice, cube, _memberships(lattice))
    table = np.full((len(METRICS_OF_CUBES), len(lattice.groups), 3), np.nan)
    for position, name in enumerate(METRICS_OF_CUBES):
        formula = _formula(name)
        if formula is None:
            table[position] = _exact_auc(ranks, sums["weight"] - sums["positive"], sums["positive"])
            if not lattice.one_row_each:
                table[position, :, 1:] = np.nan
        else:
            table[position, :, 0] = formula(sums)
    return table


def _exact_auc(ranks: scan.Ranks, negative: Floats, positive: Floats) -> Floats:
    """(groups, 3) AUC and its interval. DeLong, DeLong and Clarke-Pearson 1988, on the logit scale."""
    with np.errstate(invalid="ignore", divide="ignore"):
        auc = ranks.pairs / (2 * positive * negative)
        # Placements: a positive row's is the share of negative rows below it, and the other way round.
        of_positive = ranks.squares[1] / (2 * negative) ** 2 - positive * auc**2
        of_negative = ranks.squares[0] / (2 * positive) ** 2 - negative * (1 - auc) ** 2
        variance = of_positive / (positive * (positive - 1)) + of_negative / (negative * (negative - 1))
        half = two_sided_z(LEVEL) * np.sqrt(np.maximum(variance, 0)) / (auc * (1 - auc))
        found = np.column_stack([auc, expit(_logits(auc) - half), expit(_logits(auc) + half)])
    found[(np.minimum(negative, positive) < 2) | (auc <= 0) | (auc >= 1), 1:] = np.nan
    return found


def _logits(values: Floats) -> Floats:
    return np.log(values) - np.log1p(-values)


def _memberships(lattice: Lattice) -> Floats:
    """(groups, cells) 1 where a cell belongs to a group."""
    members = np.zeros((len(lattice.groups), len(lattice.cells)))
    for grouping in range(lattice.member.shape[1]):
        members[lattice.member[:, grouping], np.arange(len(lattice.cells))] = 1
    return members


def _formula(name: str) -> Formula | None:
    """How a metric follows from sums; None for the AUC, which does not."""
    if name not in METRICS_OF_CUBES:
        raise InvalidInput(f"metric {name!r} cannot be had from a cube", hint=f"one of {', '.join(METRICS_OF_CUBES)}")
    return METRICS[name].formula


def _sums(lattice: Lattice, cube: Cube, members: Floats) -> Mapping[str, Floats]:
    """Sums of sets of cells, (sets, cells) of 0 and 1, under the names that formulas use: (sets,) or (sets, k) each."""
    rows = members @ lattice.n_rows
    flagged = members @ cube.flagged.reshape(-1, 2) * (np.nan if np.isnan(cube.threshold) else 1.0)
    named = {
        "weight": rows.sum(axis=1),
        "positive": rows[:, 1],
        "tp": flagged[:, 1],
        "fp": flagged[:, 0],
        "fn": rows[:, 1] - flagged[:, 1],
        "tn": rows[:, 0] - flagged[:, 0],
    }
    known = cube.sums.shape[1] > 0
    width = len(scan.SUMS) + EQUAL_WIDTH_BINS
    of_cells = cube.sums.reshape(-1, 2, width).sum(axis=1) if known else np.full((members.shape[1], width), np.nan)
    totals = members @ of_cells
    named |= {term: totals[:, position] for position, term in enumerate(scan.SUMS)}
    return named | {"bin_gaps_width": totals[:, len(scan.SUMS) :]}


def _of_histogram(counts: Ints) -> CubeAnswer:
    negative, positive = counts.astype(np.float64)
    pairs = negative.sum() * positive.sum()
    if pairs == 0:
        return CubeAnswer(np.nan, 0.0, np.nan, np.nan, "pending")
    below = np.cumsum(negative) - negative
    within = float(positive @ negative)
    value = (float(positive @ below) + within / 2) / pairs
    return CubeAnswer(value, within / (2 * pairs), np.nan, np.nan, "pending")
