"""The student bootstrap: one set of multinomial draws, shared by every version, group and metric of a comparison.

Drawing students, not rows, keeps the rows of one student together. Sharing the draws makes differences between versions
and gaps between groups come out of their joint distribution for nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from rollbook.compare.arrays import Counts, Floats, floats
from rollbook.compare.segments import Segment
from rollbook.compare.statistic import Statistic
from rollbook.model.errors import InvalidInput

CHUNK = 2**21
"""Draws x students held at once (16 MiB as float64)."""

MAX_REPLICATES = 2**26
"""Replicates held for one comparison: segments x versions x metrics x n_boot (512 MiB)."""


class Draws(NamedTuple):
    """`n_boot` multinomial samples of `n_students` students; the same seed gives the same draws."""

    n_students: int
    n_boot: int
    seed: int

    def chunks(self) -> Iterator[tuple[slice, Counts]]:
        """Parts of the draws: which replicates, and (replicates, students) how often each student is drawn."""
        generator = np.random.default_rng(self.seed)
        size = max(1, min(self.n_boot, CHUNK // self.n_students))
        for start in range(0, self.n_boot, size):
            stop = min(start + size, self.n_boot)
            yield slice(start, stop), _multinomial(generator, stop - start, self.n_students)


def _multinomial(generator: np.random.Generator, draws: int, n: int) -> Counts:
    picked = generator.integers(0, n, size=(draws, n), dtype=np.int64)
    picked += np.arange(draws, dtype=np.int64)[:, None] * n
    counts = np.bincount(picked.reshape(-1), minlength=draws * n).reshape(draws, n)
    # No student is ever drawn 256 times from more than 255; with fewer, n itself is the bound.
    return counts.astype(np.uint8)


def replicate(segments: Sequence[Segment], statistics: Sequence[Sequence[Sequence[Statistic]]], draws: Draws) -> Floats:
    """Every statistic under every draw.

    Args:
        segments: The segments.
        statistics: [segment][version][metric].
        draws: The shared draws.

    Returns:
        (segments, versions, metrics, n_boot), NaN where a replicate is undefined.

    Raises:
        InvalidInput: The result would be larger than `MAX_REPLICATES`.
    """
    shape = (len(segments), len(statistics[0]), len(statistics[0][0]), draws.n_boot)
    if np.prod(shape, dtype=np.float64) > MAX_REPLICATES:
        raise InvalidInput(
            f"too much at once: {shape[0]} groups x {shape[1]} versions x {shape[2]} metrics x {shape[3]} replicates",
            hint="compare fewer versions, groups or metrics, or lower n_boot",
        )
    values = np.empty(shape)
    flat = [[one for of_version in of_segment for one in of_version] for of_segment in statistics]
    columns = [_stacked(of_segment) for of_segment in flat]
    for part, counts in draws.chunks():
        for s, segment in enumerate(segments):
            drawn = counts[:, segment.students].astype(np.float64)
            values[s, :, :, part] = _values(flat[s], drawn, columns[s]).reshape(*shape[1:3], -1)
    return values


def _stacked(statistics: Sequence[Statistic]) -> Floats:
    """All columns of a segment side by side: one wide product is several times faster than many narrow ones."""
    columns = [one.columns for one in statistics if one.columns is not None]
    return np.concatenate(columns, axis=1) if columns else np.empty((0, 0))


def _values(statistics: Sequence[Statistic], drawn: Floats, columns: Floats) -> Floats:
    """(statistics, draws)."""
    sums = drawn @ columns if columns.size else columns
    values = np.empty((len(statistics), len(drawn)))
    start = 0
    for position, one in enumerate(statistics):
        width = 0 if one.columns is None else one.columns.shape[1]
        values[position] = one.finish(drawn if one.columns is None else sums[:, start : start + width])
        start += width
    return values


def percentile_interval(replicates: Floats, level: float) -> tuple[float, float]:
    """The middle `level` of the replicates, (n_boot,) without NaN."""
    low, high = np.quantile(replicates, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def standard_deviation(replicates: Floats) -> float:
    """Of the replicates that are defined; NaN when fewer than two are. Rounding noise counts as 0."""
    defined = replicates[~np.isnan(replicates)]
    if len(defined) < 2:
        return float("nan")
    deviation = float(floats(defined).std(ddof=1))
    return deviation if deviation > 1e-12 * (1 + float(np.abs(defined).max())) else 0.0
