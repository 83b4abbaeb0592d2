"""One compiled pass over a version's rows in the order of their scores: ranks within every group at once.

Sorting is most of the work of an AUC, and one order serves every group. So the rows are sorted once, by the upper bits
of the score with the row's number below them, and one sweep keeps, for each group, how many rows of each class have
gone by. Runs whose upper bits agree are put into exact order before they count: ties are those of the scores as given.

Compiled by numba without the interpreter's lock: versions run side by side on threads.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit  # pyright: ignore[reportUnknownVariableType, reportMissingTypeStubs]

from rollbook.compare.arrays import Bools, Codes, Floats, Ints
from rollbook.compare.calibration import bin_edges
from rollbook.compare.lattice import Lattice
from rollbook.compare.terms import EQUAL_WIDTH_BINS

DIGIT_BITS = 8
_RADIX = 1 << DIGIT_BITS


class Ranks(NamedTuple):
    """What the order of scores says of each group. Counts of pairs are doubled, so that a tie counts 1.

    Attributes:
        pairs: (groups,) twice the number of pairs in which the positive row scores higher.
        squares: (2, groups) sum over rows of the squared, doubled number of rows of the other class below it: over
            negative rows, over positive rows.
        counts: (2 cells, bins) rows by cell, truth and bin of about equally many rows; ties are never parted.
        edges: (bins,) lowest score of each bin; a bin without rows repeats the next one's.
    """

    pairs: Ints
    squares: Floats
    counts: npt.NDArray[np.uint32]
    edges: Floats


def ranks(lattice: Lattice, score: Floats, n_bins: int) -> Ranks:
    """Sweep a version's scores.

    Args:
        lattice: Cells and groups of the rows.
        score: (n,) finite scores; 0 and -0 are equal.
        n_bins: Bins of the histogram, at least 1.
    """
    row_bits = max(1, int(lattice.n - 1).bit_length())
    keys = _keys((score + 0.0).view(np.uint64), row_bits)  # + 0.0: -0 and 0 are one score
    ordered = _radix_sort(keys, np.empty_like(keys), row_bits)
    tags = np.empty_like(lattice.tag)
    ends = np.empty(lattice.n, dtype=np.bool_)
    _settle(ordered, np.uint64(row_bits), score, lattice.tag, tags, ends)
    n_groups = len(lattice.groups)
    pairs, squares = np.zeros(n_groups, dtype=np.int64), np.zeros((2, n_groups))
    # Bins outside: the sweep stays in one bin for long, whose counts then lie together in the processor's cache.
    counts = np.zeros((n_bins, 2 * len(lattice.cells)), dtype=np.uint32)
    first = np.full(n_bins, lattice.n, dtype=np.int64)
    _sweep(tags, ends, lattice.member, pairs, squares, counts, first)
    return Ranks(
        pairs, squares, np.ascontiguousarray(counts.T), _edges(first, ordered & np.uint64((1 << row_bits) - 1), score)
    )


def _edges(first: Ints, rows: Any, score: Floats) -> Floats:
    """The lowest score of each bin, from the place of its first row in the order."""
    places = np.minimum.accumulate(first[::-1])[::-1]
    return np.append(score[rows[places[places < len(rows)]]], np.full(int((places >= len(rows)).sum()), np.inf))


def compiled(function: Any) -> Any:
    """Compile when first called; the machine code is kept beside the source, or in the user's cache."""
    return njit(nogil=True, cache=True)(function)


@compiled
def _keys(bits: Any, row_bits: int) -> Any:
    """The scores' bits as unsigned integers of the scores' order, with the row's number in the lowest bits."""
    shift, top = np.uint64(row_bits), np.uint64(1) << np.uint64(63)
    keys = np.empty_like(bits)
    for i in range(len(bits)):
        upper = ~bits[i] if bits[i] & top else bits[i] | top
        keys[i] = ((upper >> shift) << shift) | np.uint64(i)
    return keys


@compiled
def _radix_sort(keys: Any, other: Any, skip: int) -> Any:
    """Sort by all but the lowest `skip` bits, least significant digit first; a digit that all share costs nothing."""
    n, passes = len(keys), (64 - skip + DIGIT_BITS - 1) // DIGIT_BITS
    starts = np.zeros((passes, _RADIX), np.int64)
    mask = np.uint64(_RADIX - 1)
    for i in range(n):
        rest = keys[i] >> np.uint64(skip)
        for p in range(passes):
            starts[p, (rest >> np.uint64(p * DIGIT_BITS)) & mask] += 1
    for p in range(passes):
        total, shared = 0, False
        for digit in range(_RADIX):
            count = starts[p, digit]
            shared = shared or count == n
            starts[p, digit] = total
            total += count
        if shared:
            continue
        shift = np.uint64(skip + p * DIGIT_BITS)
        for i in range(n):
            key = keys[i]
            digit = (key >> shift) & mask
            other[starts[p, digit]] = key
            starts[p, digit] += 1
        keys, other = other, keys
    return keys


@compiled
def _settle(ordered: Any, row_bits: Any, score: Any, tag: Any, tags: Any, ends: Any) -> None:
    """Put rows whose upper bits agree into exact order; fetch the tags in order; mark where a run of ties ends."""
    n = len(ordered)
    row_mask = (np.uint64(1) << row_bits) - np.uint64(1)
    start = 0
    while start < n:
        stop = start + 1
        upper = ordered[start] >> row_bits
        while stop < n and ordered[stop] >> row_bits == upper:
            stop += 1
        if stop - start > 1:
            _order_exactly(ordered, start, stop, row_mask, score)
            for i in range(start, stop - 1):
                ends[i] = score[ordered[i] & row_mask] != score[ordered[i + 1] & row_mask]
        ends[stop - 1] = True
        start = stop
    for i in range(n):
        tags[i] = tag[ordered[i] & row_mask]


@compiled
def _order_exactly(ordered: Any, start: int, stop: int, row_mask: Any, score: Any) -> None:
    first = score[ordered[start] & row_mask]
    same = True
    for i in range(start + 1, stop):
        same = same and score[ordered[i] & row_mask] == first
    if same:
        return
    values = np.empty(stop - start)
    for i in range(start, stop):
        values[i - start] = score[ordered[i] & row_mask]
    ordered[start:stop] = ordered[start:stop][np.argsort(values)]


@compiled
def _sweep(tags: Any, ends: Any, member: Any, pairs: Any, squares: Any, counts: Any, first: Any) -> None:
    n, n_bins, groupings = len(tags), len(counts), member.shape[1]
    below = np.zeros((2, pairs.shape[0]), np.int64)  # rows that have gone by, by truth and group
    run = np.zeros((2, pairs.shape[0]), np.int64)  # rows of the run of ties at hand
    start, at, after = 0, -1, 0
    while start < n:
        if start >= after:  # the next bin that is not empty begins here
            at = start * n_bins // n
            first[at] = start
            after = -(-(at + 1) * n // n_bins)
        if ends[start]:
            truth, cell = np.int64(tags[start]) & 1, np.int64(tags[start]) >> 1
            counts[at, tags[start]] += 1
            for grouping in range(groupings):
                group = member[cell, grouping]
                passed = 2 * below[1 - truth, group]
                squares[truth, group] += float(passed) * float(passed)
                pairs[group] += passed * truth
                below[truth, group] += 1
            start += 1
            continue
        # Rows of one score: each passes half of the run's rows of the other class.
        end = start
        while not ends[end]:
            end += 1
        end += 1
        for i in range(start, end):
            counts[at, tags[i]] += 1
            for grouping in range(groupings):
                run[np.int64(tags[i]) & 1, member[np.int64(tags[i]) >> 1, grouping]] += 1
        for i in range(start, end):
            truth, cell = np.int64(tags[i]) & 1, np.int64(tags[i]) >> 1
            for grouping in range(groupings):
                group = member[cell, grouping]
                passed = 2 * below[1 - truth, group] + run[1 - truth, group]
                squares[truth, group] += float(passed) * float(passed)
                pairs[group] += passed * truth
        below += run
        run[:] = 0
        start = end


SUMS = ("excess", "squared_loss", "log_loss")
"""Columns of `sums` before the calibration bins."""


def sums(lattice: Lattice, score: Floats, clip: float) -> Floats:
    """Sums by cell and truth: the terms `SUMS`, and score minus truth in each bin of equal width.

    Returns:
        (2 cells, 3 + `EQUAL_WIDTH_BINS`).

    Scores must lie in [0, 1]; bins are closed on the right, the first includes 0.
    """
    table = np.zeros((2 * len(lattice.cells), len(SUMS) + EQUAL_WIDTH_BINS))
    surprise = _chances(score, lattice.tag, clip)
    np.log(surprise, out=surprise)
    _add_up(score, lattice.tag, surprise, bin_edges(score, EQUAL_WIDTH_BINS, "width"), table)
    return table


@compiled
def _chances(score: Floats, tag: Codes, clip: float) -> Floats:
    """What the score gave to what came true."""
    chances = np.empty(len(score))
    for i in range(len(score)):
        p = min(max(score[i], clip), 1 - clip)
        chances[i] = p if tag[i] & 1 else 1 - p
    return chances


@compiled
def _add_up(score: Any, tag: Any, surprise: Any, edges: Any, table: Any) -> None:
    last = len(edges) - 2
    for i in range(len(score)):
        p, tagged = score[i], tag[i]
        excess = p - (tagged & 1)
        at = min(int(p * (last + 1)), last)  # a guess; the edges decide
        while at > 0 and p <= edges[at]:
            at -= 1
        while at < last and p > edges[at + 1]:
            at += 1
        table[tagged, 0] += excess
        table[tagged, 1] += excess * excess
        table[tagged, 2] -= surprise[i]
        table[tagged, 3 + at] += excess


def histogram(counts: npt.NDArray[np.uint32], chosen: Bools) -> Ints:
    """(2, bins) rows of the chosen cells by truth and bin, from (2 cells, bins) rows by cell, truth and bin."""
    total = np.zeros((2, counts.shape[1]), dtype=np.int64)
    _add_rows(counts, chosen, total)
    return total


@compiled
def _add_rows(counts: Any, chosen: Any, total: Any) -> None:
    for cell in range(len(chosen)):
        if chosen[cell]:
            for truth in range(2):
                for at in range(counts.shape[1]):
                    total[truth, at] += counts[2 * cell + truth, at]


def flagged(lattice: Lattice, score: Floats, threshold: float) -> Ints:
    """(2 cells,) rows whose score is at least the threshold, by cell and truth."""
    found = np.zeros(2 * len(lattice.cells), dtype=np.int64)
    _flag(score, lattice.tag, threshold, found)
    return found


@compiled
def _flag(score: Any, tag: Any, threshold: float, found: Any) -> None:
    for i in range(len(score)):
        found[tag[i]] += score[i] >= threshold
