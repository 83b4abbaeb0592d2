"""Faults of a data feed that no type check sees: the columns, types and ranges still look right."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rollbook.demo.columns import BoolArray, Columns, length


def scores_as_shares(columns: Columns, names: Sequence[str], *, share: float, seed: int) -> Columns:
    """A supplier changes units: some rows' scores arrive as shares (0 to 1) instead of points (0 to 100).

    Args:
        columns: The rows.
        names: The score columns.
        share: Share of the rows that come from that supplier.
        seed: Which rows those are.

    Returns:
        New columns; the others are untouched.
    """
    hit = _hit(columns, share, seed)
    return columns | {name: np.where(hit, (columns[name] / 100).round(4), columns[name]) for name in names}


def outcomes_inverted(columns: Columns, outcome: str, where: BoolArray) -> Columns:
    """A supplier changes a code: 1 means the opposite in the rows under `where`.

    Args:
        columns: The rows.
        outcome: A column of 0 and 1.
        where: The rows that come from that supplier.

    Returns:
        New columns; the others are untouched.
    """
    return columns | {outcome: np.where(where, 1 - columns[outcome], columns[outcome])}


def _hit(columns: Columns, share: float, seed: int) -> BoolArray:
    return np.random.default_rng(seed).random(length(columns)) < share
